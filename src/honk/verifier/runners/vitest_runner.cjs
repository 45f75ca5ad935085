// Runs vitest (1 and later) by its own programming interface; its tests run in threads or processes of their own.
const { pathToFileURL } = require('url');

const OUTCOMES = { pass: 'passed', fail: 'failed' };
const VALUES = { '--config': 'config', '-c': 'config', '--root': 'root', '-r': 'root', '--dir': 'dir', '--pool': 'pool',
  '--environment': 'environment', '--project': 'project', '--mode': 'mode', '--testTimeout': 'testTimeout' };
let count = 0;
let failed = 0;

/** The options among the words, and the patterns. */
function read(given) {
  const options = {};
  const patterns = [];
  for (let index = 0; index < given.length; index += 1) {
    const [flag, value] = given[index].split(/=(.*)/s);
    if (VALUES[flag]) options[VALUES[flag]] = value === undefined ? given[(index += 1)] : value;
    else if (flag === '--globals') options.globals = true;
    else if (flag === '--typecheck') options.typecheck = { enabled: true };
    else if (!flag.startsWith('-')) patterns.push(flag);
  }
  return { options, patterns };
}

function tellTasks(file, tasks, titles) {
  for (const task of tasks) {
    const below = [...titles, task.name];
    if (task.type === 'suite') {
      const errors = (task.result && task.result.errors) || [];
      if (errors.length) failed += 1;
      if (errors.length) tellTest(file, [...below, '(suite)'], 'failed', errors[0]);
      tellTasks(file, task.tasks, below);
    } else {
      const state = task.result && task.result.state;
      const outcome = OUTCOMES[state] || 'skipped';
      count += 1;
      if (outcome === 'failed') failed += 1;
      tellTest(file, below, outcome, task.result && task.result.errors && task.result.errors[0]);
    }
  }
}

async function main() {
  const { startVitest } = await import(pathToFileURL(find('vitest/node')).href);
  const { options, patterns } = read(words);
  const vitest = await startVitest('test', only.length ? only : patterns, {
    ...options, watch: false, run: true, reporters: [{}], coverage: { enabled: false }, passWithNoTests: false,
  });
  if (!vitest) return cannotStart('vitest could not be started');
  for (const file of vitest.state.getFiles()) {
    const error = file.result && file.result.errors && file.result.errors[0];
    if (error || (file.result && file.result.state === 'fail' && file.tasks.length === 0)) {
      failed += 1;
      tellFile(file.filepath, error || 'the file could not be loaded');
    }
    tellTasks(file.filepath, file.tasks, []);
  }
  const errors = vitest.state.getUnhandledErrors ? vitest.state.getUnhandledErrors() : [];
  return finish(failed || errors.length ? 1 : count ? 0 : NO_TESTS);
}

tell('start', { version: require(find('vitest/package.json')).version });
process.env.NODE_ENV = process.env.NODE_ENV || 'test';
main().catch((error) => cannotStart(`vitest: ${firstLine(error && error.message)}`));
