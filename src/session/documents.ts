/** Documents and clients, and which document a run belongs to. */
import { nameKey } from '../journal/names';
import type { JournalEvent } from '../journal/events';
import { eventsOf } from './log';
import type { IClient, IDocument, IRun } from './types';

/** Clients that show no notebook: their runs belong to none. */
const WITHOUT_DOCUMENT = new Set(['console', 'kernel', 'unknown client']);

export function readDocuments(
  events: readonly JournalEvent[]
): Map<string, IDocument> {
  const documents = new Map<string, IDocument>();
  for (const event of eventsOf(events, ...OF_DOCUMENTS)) {
    switch (event.type) {
      case 'document.bound':
      case 'document.saved':
      case 'execution.started':
        see(documents, event.docId).path = event.path;
        break;
      case 'document.renamed':
        see(documents, event.docId).path = event.to;
        break;
      case 'execution.ended':
        break;
    }
    if (event.type === 'document.saved') {
      const { sha256, bytes, cells, t: at } = event;
      see(documents, event.docId).saved = { sha256, bytes, cells, at };
    }
  }
  return documents;
}

const OF_DOCUMENTS = [
  'document.bound',
  'document.saved',
  'document.renamed',
  'execution.started',
  'execution.ended'
] as const;

function see(documents: Map<string, IDocument>, docId: string): IDocument {
  let found = documents.get(docId);
  if (found === undefined) {
    found = { docId, path: '', saved: null };
    documents.set(docId, found);
  }
  return found;
}

/** Every path that a document of the session had, as keys. */
export function documentPaths(events: readonly JournalEvent[]): Set<string> {
  const keys = new Set<string>();
  for (const event of eventsOf(events, ...OF_DOCUMENTS)) {
    switch (event.type) {
      case 'document.bound':
      case 'document.saved':
        keys.add(nameKey(event.path));
        break;
      case 'document.renamed':
        keys.add(nameKey(event.from)).add(nameKey(event.to));
        break;
      case 'execution.started':
      case 'execution.ended':
        if (event.output !== null) {
          keys.add(nameKey(event.output));
        }
        break;
    }
  }
  return keys;
}

export function readClients(
  events: readonly JournalEvent[],
  runs: readonly IRun[]
): Map<string, IClient> {
  const clients = new Map<string, IClient>();
  for (const { client: id, label, docId } of eventsOf(events, 'client.seen')) {
    const before = clients.get(id);
    clients.set(id, {
      id,
      label,
      docId: docId ?? before?.docId ?? null,
      runs: 0
    });
  }
  for (const run of runs) {
    if (run.client !== null && run.parent === null) {
      const client = clients.get(run.client) ?? {
        id: run.client,
        label: 'unknown client',
        docId: null,
        runs: 0
      };
      client.runs += 1;
      clients.set(run.client, client);
    }
  }
  return clients;
}

/**
 * Give each run its document: by its cell, else by its client (as seen, or by the
 * client's other runs), else the only one there is; a nested run has its parent's.
 */
export function assignDocuments(
  runs: readonly IRun[],
  documents: ReadonlyMap<string, IDocument>,
  clients: ReadonlyMap<string, IClient>
): void {
  const byCell = cellOwners(documents);
  for (const run of runs) {
    const owners = run.cellId === null ? undefined : byCell.get(run.cellId);
    const seen = clients.get(run.client ?? '')?.docId ?? null;
    run.docId =
      owners?.size === 1
        ? only(owners)
        : seen !== null && (owners?.has(seen) ?? true)
          ? seen
          : null;
  }
  const byClient = clientOwners(runs);
  const single = documents.size === 1 ? only(documents.keys()) : null;
  for (const run of runs) {
    run.docId ??= fallback(run, clients, byClient, single);
  }
  const byId = new Map(runs.map(run => [run.id, run]));
  for (const run of runs) {
    run.docId ??= byId.get(run.parent ?? '')?.docId ?? null;
  }
}

/** The only one of them. */
function only<T>(values: Iterable<T>): T {
  const [first] = values;
  return first!;
}

function cellOwners(
  documents: ReadonlyMap<string, IDocument>
): Map<string, Set<string>> {
  const owners = new Map<string, Set<string>>();
  for (const { docId, saved } of documents.values()) {
    for (const { cellId } of saved?.cells ?? []) {
      if (cellId !== null) {
        owners.set(cellId, (owners.get(cellId) ?? new Set()).add(docId));
      }
    }
  }
  return owners;
}

function clientOwners(runs: readonly IRun[]): Map<string, Set<string>> {
  const owners = new Map<string, Set<string>>();
  for (const { client, docId } of runs) {
    if (client !== null && docId !== null) {
      owners.set(client, (owners.get(client) ?? new Set()).add(docId));
    }
  }
  return owners;
}

function fallback(
  run: IRun,
  clients: ReadonlyMap<string, IClient>,
  byClient: ReadonlyMap<string, Set<string>>,
  single: string | null
): string | null {
  const owners = byClient.get(run.client ?? '');
  if (owners?.size === 1) {
    return only(owners);
  }
  const label = clients.get(run.client ?? '')?.label;
  const foreign = clients.size > 1 && WITHOUT_DOCUMENT.has(label ?? '');
  return label === 'console' ||
    label === 'kernel' ||
    foreign ||
    run.parent !== null
    ? null
    : single;
}
