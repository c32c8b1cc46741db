/** `node session.mjs FOLDER`: what the journal of a session says of files, run by run, as JSON. */
import fs from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { foldSessions, nameText, readJournalFile } from '../../dist/core.mjs';

const folder = process.argv[2];
const sid = path.basename(folder);
const sha256 = bytes => createHash('sha256').update(bytes).digest('hex');
const files = fs
  .readdirSync(folder)
  .filter(file => file.endsWith('.jsonl'))
  .map(file => ({ sid, file, bytes: fs.readFileSync(path.join(folder, file)) }))
  .map(source => readJournalFile(source, { sha256 }));
const session = foldSessions(files).get(sid);
const noise = new Set(
  session.files.filter(f => f.classification.noise).map(f => f.key)
);

const use = (version, sure) => ({
  path: nameText(version.path),
  sure,
  sha256: version.sha256,
  absent: version.absent,
  noise: noise.has(version.key)
});

console.log(
  JSON.stringify({
    runs: session.runs.map(run => ({
      id: run.id,
      number: run.number,
      parent: run.parent,
      ename: run.ename,
      reads: run.reads.map(read => use(read.version, read.sure)),
      writes: run.writes.map(version => use(version, true))
    })),
    gaps: session.gaps.map(gap => ({
      code: gap.code,
      run: gap.run,
      path: gap.path === null ? null : nameText(gap.path),
      detail: gap.detail
    }))
  })
);
