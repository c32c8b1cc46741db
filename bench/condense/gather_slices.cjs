/**
 * What gather keeps: cases on standard input, the places kept on standard output, as JSON.
 * The first argument is the folder that its library was installed in.
 */
/* eslint-disable @typescript-eslint/no-require-imports -- the library is CommonJS, and installed elsewhere */
const fs = require('node:fs');
const path = require('node:path');

const library = path.join(
  process.argv[2],
  'node_modules/@msrvida/python-program-analysis'
);
const { DataflowAnalyzer, ExecutionLogSlicer } = require(library);

/** Places in the slice of the run that writes the file; null where it gives none. */
function kept({ cells, failed, writer }) {
  const slicer = new ExecutionLogSlicer(new DataflowAnalyzer());
  cells.forEach((text, index) => {
    const cell = {
      text,
      executionCount: index + 1,
      executionEventId: `event-${index + 1}`,
      persistentId: `cell-${index + 1}`,
      hasError: failed.includes(index + 1),
      deepCopy: () => cell
    };
    slicer.logExecution(cell);
  });
  const slice = slicer.sliceLatestExecution(`cell-${writer}`);
  return slice === undefined
    ? null
    : slice.cellSlices.map(({ cell }) => cell.executionCount);
}

const log = console.log;
console.log = () => {}; // The library tells what it can't parse.
const slices = {};
const cases = JSON.parse(fs.readFileSync(0, 'utf8'));
for (const [name, one] of Object.entries(cases)) {
  try {
    slices[name] = kept(one);
  } catch {
    slices[name] = null;
  }
}
log(JSON.stringify(slices));
