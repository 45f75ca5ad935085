// Runs node:test (Node 20 and later): each file in a process of its own, whose results reach this one as a stream.
const { run } = require('node:test');

const NAMES = /^(?:test|test-.+|.+[.\-_]test)\.(?:[cm]?js|[cm]?ts)$/;
const CODE = /\.(?:[cm]?js|[cm]?ts)$/;

function* walk(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(file);
    else if (entry.isFile()) yield file;
  }
}

const isInTest = (file) => relative(file).split(path.sep).slice(0, -1).includes('test');
const isTyped = process.execArgv.some((flag) => /tsx|ts-node|strip-types|swc|esbuild/.test(flag));
const isTest = (file) => CODE.test(file) && (isTyped || !/ts$/.test(file)) && !/\.d\.[cm]?ts$/.test(file) &&
  (NAMES.test(path.basename(file)) || isInTest(file));

function matcher(glob) {
  const source = path.normalize(glob).replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replace(/\{([^}]*)\}/g, (_all, inner) => `(?:${inner.split(',').join('|')})`)
    .replace(/\*\*\/|\*\*|\*|\?/g, (sign) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[sign]);
  return new RegExp(`^${source}$`);
}

/** The files that `node --test` with these words takes. */
function wanted(patterns) {
  const all = [...walk(root)].sort();
  if (patterns.length === 0) return all.filter(isTest);
  const found = new Set();
  for (const pattern of patterns) {
    const full = path.resolve(root, pattern);
    if (fs.existsSync(full) && fs.statSync(full).isDirectory()) all.filter((f) => f.startsWith(full + path.sep) && isTest(f)).forEach((f) => found.add(f));
    else if (fs.existsSync(full)) found.add(full);
    else all.filter((file) => matcher(pattern).test(relative(file))).forEach((file) => found.add(file));
  }
  return [...found];
}

const files = only.length ? only.map((file) => path.resolve(root, file)) : wanted(words);
const stacks = new Map();
let count = 0;
let failed = 0;

function titlesOf(event) {
  const stack = stacks.get(event.file) || [];
  stack[event.nesting] = event.name;
  stacks.set(event.file, stack);
  return stack.slice(0, event.nesting + 1).filter((name) => path.resolve(root, name) !== path.resolve(root, event.file || ''));
}

function note(event, hasPassed) {
  const titles = titlesOf(event);
  const error = event.details && event.details.error;
  const cause = (error && error.cause) || error;
  const isFile = titles.length === 0 || !event.file;
  const isSuite = event.details && event.details.type === 'suite';
  if (hasPassed && (isFile || isSuite)) return;
  if (!hasPassed) failed += event.todo || event.skip ? 0 : 1;
  if (isFile) return tellFile(event.file || event.name, cause);
  if (isSuite && error && error.failureType === 'subtestsFailed') return;
  count += 1;
  const isSilent = event.skip !== undefined || event.todo !== undefined;
  tellTest(event.file, titles, isSilent ? 'skipped' : hasPassed ? 'passed' : 'failed', cause);
}

tell('start', { version: process.version });
if (files.length === 0) finish(NO_TESTS);
run({ files, concurrency: true })
  .on('test:start', titlesOf)
  .on('test:pass', (event) => note(event, true))
  .on('test:fail', (event) => note(event, false))
  .on('test:stdout', (event) => process.stderr.write(event.message))
  .on('test:stderr', (event) => process.stderr.write(event.message))
  .on('error', (error) => cannotStart(`node:test: ${firstLine(error.message)}`))
  .on('end', () => finish(failed ? 1 : count ? 0 : NO_TESTS))
  .resume();
