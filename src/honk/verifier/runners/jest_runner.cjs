// Runs jest (24 and later) by its own command line, with a reporter that lives in this process alone.
const OUTCOMES = { passed: 'passed', failed: 'failed' };
const WITH_VALUE = ['--config', '-c', '--env', '--testEnvironment', '--rootDir', '--selectProjects', '--projects',
  '--maxWorkers', '-w', '--testTimeout', '--preset', '--transform', '--globals'];

class Reporter {
  onRunComplete(_contexts, results) {
    let count = 0;
    for (const file of results.testResults) {
      if (file.testExecError || (file.failureMessage && file.testResults.length === 0)) {
        tellFile(file.testFilePath, file.testExecError || file.failureMessage);
      }
      for (const test of file.testResults) {
        count += 1;
        const titles = [...test.ancestorTitles, test.title];
        const message = (test.failureMessages || [])[0];
        tellTest(file.testFilePath, titles, OUTCOMES[test.status] || 'skipped', message && { message, stack: message });
      }
    }
    const isSound = results.success && !results.wasInterrupted && !results.runExecError;
    finish(isSound ? (count ? 0 : NO_TESTS) : count || results.numTotalTestSuites ? 1 : NO_TESTS);
  }

  getLastError() {}
}

const jest = find('jest');
const reporter = standIn(Reporter);
tell('start', { version: require(find('jest/package.json')).version });
const given = only.length ? [...optionsOnly(words, WITH_VALUE), '--runTestsByPath', ...only] : words;
const line = [`--reporters=${reporter}`, '--ci', '--watchAll=false', '--coverage=false', '--colors=false', ...given];
process.argv = [process.argv[0], jest, ...line];
process.env.NODE_ENV = process.env.NODE_ENV || 'test';
Promise.resolve(require(jest).run(line)).catch((error) => cannotStart(`jest: ${firstLine(error && error.message)}`));
