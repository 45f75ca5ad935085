// Runs mocha (7 and later) by its own command line. When all is over, two canaries fly through the same classes.
const crypto = require('crypto');

const WITH_VALUE = ['--require', '-r', '--config', '--timeout', '-t', '--ui', '-u', '--file', '--extension', '--import',
  '--ignore', '--exclude', '--retries', '--jobs', '-j', '--grep', '-g', '--fgrep', '-f', '--package', '--node-option'];
const entry = find('mocha');
const home = path.dirname(find('mocha/package.json'));
let count = 0;
let failed = 0;

function Reporter(runner) {
  const note = (test, outcome, error) => {
    count += 1;
    if (outcome === 'failed') failed += 1;
    if (test.type === 'hook') {
      tell('test', {
        id: identity(test.file || (test.parent && test.parent.file), test.titlePath()), outcome,
        message: firstLine(error && error.message), where: place(error && error.stack), is_collection: true,
      });
    } else tellTest(test.file, test.titlePath(), outcome, error);
  };
  runner.on('pass', (test) => note(test, 'passed'));
  runner.on('pending', (test) => note(test, 'skipped'));
  runner.on('fail', (test, error) => note(test, 'failed', error));
}

Reporter.prototype.done = function done(failures) {
  flyCanaries(() => finish(failures || failed ? 1 : count ? 0 : NO_TESTS));
};

function flyCanaries(then) {
  const exported = require(entry);
  const Mocha = typeof exported === 'function' ? exported : exported.Mocha || exported.default;
  const names = {};
  const flock = new Mocha({ reporter: function Silent() {} });
  for (const name of ['must-fail', 'must-pass']) {
    const title = `canary-${crypto.randomBytes(6).toString('hex')}`;
    names[title] = name;
    flock.suite.addTest(new Mocha.Test(title, () => {
      if (names[title] === 'must-fail') throw new Error('a canary that must fail');
    }));
  }
  const runner = flock.run(then);
  runner.on('pass', (test) => tell('canary', { name: names[test.title], outcome: 'passed' }));
  runner.on('fail', (test) => tell('canary', { name: names[test.title], outcome: 'failed' }));
}

tell('start', { version: require(path.join(home, 'package.json')).version });
const given = only.length ? [...optionsOnly(words, WITH_VALUE), ...only] : words;
const line = [...given, '--reporter', standIn(Reporter), '--no-color', '--exit'];
process.argv = [process.argv[0], path.join(home, 'bin', 'mocha.js'), ...line];
require(path.join(home, 'lib', 'cli', 'cli.js')).main(line);
