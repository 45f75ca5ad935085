// The channel on which a runner tells its results: descriptor 3, which no child process inherits. OPTIONS stands above.
const fs = require('fs');
const os = require('os');
const path = require('path');
const Module = require('module');

const { nonce, words, only } = OPTIONS;
const root = process.cwd();
const write = fs.writeSync;
const stringify = JSON.stringify;
const leave = process.reallyExit.bind(process);
const NO_TESTS = 5;
let hasEnded = false;

// The log is a pipe. Written without waiting, what it has no room for yet would be lost when we leave.
for (const stream of [process.stdout, process.stderr]) {
  if (stream._handle && stream._handle.setBlocking) stream._handle.setBlocking(true);
}

function tell(kind, fields) {
  let left = Buffer.from(`${nonce} ${stringify({ ...fields, kind })}\n`);
  while (left.length > 0) left = left.subarray(write(3, left));
}

/** The runner's own end: said once, then the process is over, whatever else still waits. */
function finish(code) {
  if (hasEnded) return;
  hasEnded = true;
  tell('end', { exit_code: code });
  leave(code);
}

function cannotStart(message) {
  tell('cannot_start', { message });
  leave(3);
}

const relative = (file) => (file ? path.relative(root, path.resolve(root, file)) : '');
const identity = (file, titles) => `${relative(file)}::${titles.join(' > ')}`;
const plain = (text) => String(text || '').replace(/\u001b\[[0-9;]*m/g, '');
const firstLine = (text) => plain(text).split('\n').map((line) => line.trim()).find(Boolean) || '';

/** file:line of the first frame below the root that is no package. */
function place(stack) {
  for (const line of plain(stack).split('\n')) {
    const found = /(?:\(|at |^)(?:file:\/\/)?([^():\s]+):(\d+)(?::\d+)?\)?$/.exec(line.trim());
    const file = found ? path.resolve(root, found[1]) : '';
    if (file.startsWith(root + path.sep) && !file.includes('node_modules')) return `${relative(file)}:${found[2]}`;
  }
  return '';
}

function tellTest(file, titles, outcome, error) {
  tell('test', {
    id: identity(file, titles), outcome, message: firstLine(error && (error.message || error)).slice(0, 300),
    where: place(error && (error.stack || error)), is_collection: false,
  });
}

function tellFile(file, error) {
  tell('test', {
    id: relative(file) || 'collection', outcome: 'failed', is_collection: true,
    message: firstLine(error && (error.message || error)).slice(0, 300), where: relative(file),
  });
}

/** A package of the tree's own node_modules; the run cannot start without it. */
function find(name) {
  try {
    return require.resolve(name, { paths: [root] });
  } catch (error) {
    return cannotStart(`${name} is not installed: ${error.code}`);
  }
}

/** A path that stands for what we export, where a runner only takes reporters by path: the file itself is empty. */
function standIn(exported) {
  const file = path.join(fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'honk-'))), 'reporter.cjs');
  fs.writeFileSync(file, '');
  const made = new Module(file);
  Object.assign(made, { exports: exported, loaded: true, filename: file });
  Module._cache[file] = made;
  return file;
}

/** Options without the patterns of files, for a run that is narrowed. */
function optionsOnly(given, withValue) {
  return given.filter((word, index) => word.startsWith('-') || withValue.includes(given[index - 1]));
}
