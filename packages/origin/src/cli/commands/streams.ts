import { displayStreamKey } from '@headwater/directory';
import * as v from 'valibot';
import { JSON_FLAG, readApi } from '../api-client.js';
import { API_FLAG } from '../ask-api.js';
import type { Command } from '../command.js';
import { durationText } from '../duration-text.js';
import { EXIT } from '../io.js';
import { mediaText, OWNER } from '../media-text.js';
import { paintFor } from '../paint.js';
import { type Cell, renderTable } from '../table.js';

const STREAMS_ANSWER = v.object({
  streams: v.array(v.object({ key: v.string(), owners: v.array(OWNER), players: v.number() })),
});

type ListedOwner = v.InferOutput<typeof OWNER>;

export const STREAMS: Command = {
  name: 'streams',
  summary: 'Show every stream in the mesh with its owners, the first one being where players are sent.',
  flags: [API_FLAG, JSON_FLAG],
  async run(given, io) {
    const { value, text } = await readApi('/api/v1/streams', STREAMS_ANSWER, given, io);
    if (given.has('json')) {
      io.stdout.write(`${text.trimEnd()}\n`);
      return EXIT.ok;
    }
    if (value.streams.length === 0) {
      io.stdout.write(
        'Nobody publishes anything. Try: ffmpeg -re -i FILE -c copy -f flv rtmp://HOST/live/s1\n',
      );
      return EXIT.ok;
    }
    const now = io.now();
    const rows = value.streams.map(({ key, owners, players }): Cell[] => {
      const [best] = owners;
      return [
        { text: displayStreamKey(key), style: 'bold' },
        ownersCell(owners),
        best === undefined ? '-' : durationText(now - best.sinceMs),
        best === undefined ? '-' : mediaText(best.media),
        String(players),
      ];
    });
    const columns = [
      'STREAM',
      'OWNERS',
      { title: 'FOR', align: 'right' },
      'MEDIA',
      { title: 'PLAYERS HERE', align: 'right' },
    ] as const;
    io.stdout.write(renderTable(columns, rows, paintFor(io.stdout.isTTY === true, io.env)));
    return EXIT.ok;
  },
};

/** Owners in order, those that are silent marked; yellow where nobody can play it now. */
function ownersCell(owners: readonly ListedOwner[]): Cell {
  if (owners.length === 0) return { text: 'nobody', style: 'yellow' };
  const text = owners.map(({ name, state }) => (state === 'silent' ? `${name} (silent)` : name)).join(', ');
  return owners[0]?.state === 'silent' ? { text, style: 'yellow' } : text;
}
