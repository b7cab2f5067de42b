import type { ApiMember } from '../api/schemas/member.js';
import type { ApiStream } from '../api/schemas/stream.js';
import type { Paint } from '../cli/paint.js';
import { renderTable } from '../cli/table.js';
import type { DemoOrigin } from './demo-origin.js';

/** What a newcomer sees: who is there, who has the stream, where to play it, what to try next. */
export function demoSummary(
  members: readonly ApiMember[],
  streams: readonly ApiStream[],
  origins: readonly DemoOrigin[],
  paint: Paint,
): string {
  const owners = streams.find((each) => each.stream === 'demo')?.owners ?? [];
  const rows = origins.map((origin) => {
    const member = members.find((each) => each.name === origin.name);
    const ownsDemo = owners.some((owner) => owner.name === origin.name);
    const { rtmp, http } = origin.config.ports;
    return [
      origin.name,
      member?.liveness ?? 'unknown',
      ownsDemo ? 'owner' : 'relays or redirects',
      `rtmp://127.0.0.1:${rtmp}/live/demo`,
      `http://127.0.0.1:${http}/live/demo.flv`,
      String(origin.pid),
    ];
  });
  const table = renderTable(
    ['MEMBER', 'STATE', 'LIVE/DEMO', 'PLAY BY RTMP', 'PLAY BY HTTP-FLV', 'PID'],
    rows,
    paint,
  );
  const first = origins[0];
  const last = origins.at(-1);
  if (first === undefined || last === undefined) return table;
  const tries: [string, string][] = [
    ['play from one that does not have it', `ffplay rtmp://127.0.0.1:${last.config.ports.rtmp}/live/demo`],
    [
      'ask why it went where it went',
      `npx headwater explain live/demo --api http://127.0.0.1:${last.config.ports.api}`,
    ],
    ['kill the owner and keep watching', `kill -9 ${first.pid}`],
    [
      'publish your own, to any of them',
      `ffmpeg -re -i FILE -c copy -f flv rtmp://127.0.0.1:${first.config.ports.rtmp}/live/mine`,
    ],
    ['or from OBS', `server rtmp://127.0.0.1:${first.config.ports.rtmp}/live, stream key mine`],
    ['open the API', `http://127.0.0.1:${first.config.ports.api}/`],
  ];
  const width = Math.max(...tries.map(([what]) => what.length));
  const lines = tries.map(([what, how]) => `  ${what.padEnd(width)}  ${paint.cyan(how)}`);
  return `\n${table}\n${paint.bold('Try')}\n${lines.join('\n')}\n\n${paint.dim('Ctrl-C stops everything.')}\n`;
}
