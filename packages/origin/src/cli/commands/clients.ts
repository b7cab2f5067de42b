import { displayStreamKey } from '@headwater/directory';
import * as v from 'valibot';
import { CLIENT, MISSING, missingText } from '../api-answers.js';
import { JSON_FLAG, readApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Command, Flag } from '../command.js';
import { durationText } from '../duration-text.js';
import { EXIT } from '../io.js';
import { paintFor } from '../paint.js';
import { type Cell, renderTable } from '../table.js';

const CLIENTS_ANSWER = v.object({
  clients: v.array(
    v.object({
      ...CLIENT.entries,
      forwardedTo: v.optional(v.string()),
    }),
  ),
  next: v.optional(v.string()),
  missing: MISSING,
});

const FILTERS: readonly Flag[] = [
  { name: 'stream', value: 'STREAM', meaning: 'Only of this stream.' },
  { name: 'member', value: 'MEMBER', meaning: 'Only on this member, by its name or id.' },
  { name: 'kind', value: 'KIND', meaning: 'Only play, relay (pulls of other members) or publish.' },
  { name: 'protocol', value: 'PROTOCOL', meaning: 'Only rtmp, http-flv or ws-flv.' },
  { name: 'address', value: 'TEXT', meaning: 'Only those whose address begins with this.' },
  { name: 'limit', value: 'N', meaning: 'Show no more than so many, at most 500; default: 100.' },
  { name: 'cursor', value: 'ID', meaning: 'Show those after this one.' },
];

export const CLIENTS: Command = {
  name: 'clients',
  summary: 'Show who plays and publishes, on all members.',
  flags: [...FILTERS, ...API_FLAGS, JSON_FLAG],
  async run(given, io) {
    const query = new URLSearchParams();
    for (const { name } of FILTERS) {
      const value = given.value(name);
      if (value !== undefined) query.set(name, value);
    }
    const { value, text } = await readApi(`/api/v1/clients?${query}`, CLIENTS_ANSWER, given, io);
    if (given.has('json')) {
      io.stdout.write(`${text.trimEnd()}\n`);
      return EXIT.ok;
    }
    const rows = value.clients.map((client): Cell[] => [
      client.id,
      displayStreamKey(client.key),
      client.kind,
      client.state === 'waiting' || client.state === 'silent'
        ? { text: client.state, style: 'yellow' }
        : client.state,
      client.forwardedTo === undefined ? client.name : `${client.name} > ${client.forwardedTo}`,
      client.remote,
      client.protocol,
      durationText(io.now() - client.sinceMs),
      String(client.queueBytes),
      { text: client.agent, style: 'dim' },
    ]);
    const columns = [
      'ID',
      'STREAM',
      'KIND',
      'STATE',
      'ON',
      'FROM',
      'PROTOCOL',
      { title: 'FOR', align: 'right' },
      { title: 'QUEUE bytes', align: 'right' },
      'AGENT',
    ] as const;
    io.stdout.write(
      rows.length === 0
        ? 'Nobody.\n'
        : renderTable(columns, rows, paintFor(io.stdout.isTTY === true, io.env)),
    );
    if (value.next !== undefined) io.stderr.write(`There are more: --cursor ${value.next}\n`);
    for (const { name, reason } of value.missing) io.stderr.write(missingText(name, reason));
    return EXIT.ok;
  },
};
