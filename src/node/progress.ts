/** A bar on standard error that shows how far a long work is. */
import { SingleBar } from 'cli-progress';
import { formatBytes, type IProgress, type ProgressUnit } from './terminal';
import { printable, shorten } from './text';

/** Work shorter than this shows no bar. */
const SHOW_AFTER_MS = 400;

export function progressBar(
  label: string,
  total: number,
  unit: ProgressUnit
): IProgress {
  const startedAtMs = Date.now();
  const format = unit === 'bytes' ? formatBytes : String;
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{label} [{bar}] {done} of {end}',
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    barsize: 24,
    clearOnComplete: true,
    hideCursor: true
  });
  let text = label;
  let end = total;
  return {
    update(done, newTotal, newLabel) {
      end = newTotal ?? end;
      text = newLabel ?? text;
      if (Date.now() - startedAtMs < SHOW_AFTER_MS) {
        return;
      }
      const shown = {
        label: shorten(printable(text), 30),
        done: format(done),
        end: format(end)
      };
      if (!bar.isActive) {
        bar.start(end, done, shown);
      }
      bar.setTotal(end);
      bar.update(done, shown);
    },
    stop: () => bar.stop()
  };
}
