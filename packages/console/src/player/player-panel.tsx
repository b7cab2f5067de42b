import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { playUrl } from '../api/stream-key.js';
import type { ApiMember, ApiStreamDetail } from '../api/types.js';
import { MemberOptions } from '../parts/member-options.js';
import { members } from '../state/live.js';
import type { LivePlayer, PlayerFigures } from './live-player.js';

const FIGURES_EVERY_MS = 500;

/** Plays the stream from whichever member is chosen, and says which one serves it and where that has it from. */
export function PlayerPanel({
  streamKey: key,
  stream,
}: {
  readonly streamKey: string;
  readonly stream: ApiStreamDetail;
}) {
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<LivePlayer | null>(null);
  const chosen = useSignal('');
  const playing = useSignal<ApiMember | null>(null);
  const problem = useSignal<string | null>(null);
  const figures = useSignal<PlayerFigures | null>(null);

  const there = (members.value ?? []).filter(
    ({ liveness, addresses }) => liveness === 'alive' && addresses.length > 0,
  );
  const member = there.find(({ id }) => id === chosen.value) ?? there[0];

  const stop = (): void => {
    player.current?.close();
    player.current = null;
    playing.value = null;
    figures.value = null;
  };
  const start = async (from: ApiMember): Promise<void> => {
    stop();
    problem.value = null;
    playing.value = from;
    try {
      const { LivePlayer: Player } = await import('./live-player.js');
      if (video.current === null || playing.value !== from) return;
      player.current = new Player(
        video.current,
        playUrl(key, httpAddress(from), location.protocol === 'https:'),
        (why) => {
          stop();
          problem.value = `${from.name}: ${why}`;
        },
      );
    } catch (error) {
      stop();
      problem.value = error instanceof Error ? error.message : String(error);
    }
  };
  useEffect(() => {
    const timer = setInterval(() => {
      figures.value = player.current?.figures() ?? null;
    }, FIGURES_EVERY_MS);
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [key]);

  return (
    <section class="panel player" aria-labelledby="player-title" data-playing={playing.value?.name ?? ''}>
      <div class="row">
        <h2 id="player-title" class="grow">
          Player
        </h2>
        <label>
          from
          <select
            value={member?.id ?? ''}
            onChange={(event) => {
              chosen.value = event.currentTarget.value;
              const next = there.find(({ id }) => id === chosen.value);
              if (playing.value !== null && next !== undefined) void start(next);
            }}
          >
            <MemberOptions members={there} />
          </select>
        </label>
        {playing.value === null ? (
          <button
            type="button"
            class="act"
            disabled={member === undefined}
            onClick={() => member && void start(member)}
          >
            Play
          </button>
        ) : (
          <button type="button" onClick={stop}>
            Stop
          </button>
        )}
      </div>
      <video
        ref={video}
        muted
        playsInline
        controls={playing.value !== null}
        aria-label={`Picture of ${stream.app}/${stream.stream}`}
      />
      {problem.value !== null && (
        <p class="notice" data-kind="error" role="alert">
          {problem.value}
        </p>
      )}
      <p class="quiet" data-serves role="status">
        {playing.value === null
          ? 'Choose a member and play. It is asked as a browser would.'
          : servedBy(stream, playing.value)}
      </p>
      {figures.value !== null && (
        <dl class="figures small">
          {[
            ['frames', String(figures.value.framesDecoded)],
            ['dropped', String(figures.value.framesDropped)],
            ['behind', `${figures.value.behindS.toFixed(1)} s`],
            ['picture', `${figures.value.width}×${figures.value.height}`],
          ].map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function servedBy({ members: there, owners }: ApiStreamDetail, { id, name }: ApiMember): string {
  const here = there.find(({ member }) => member === id);
  if (here === undefined || here.source === 'none')
    return `${name} is asked; it has no media of this stream yet.`;
  if (here.source === 'publisher') return `Served by ${name}, which is its owner.`;
  const owner = owners.find(({ member }) => member === here.relayFrom)?.name ?? here.relayFrom ?? '?';
  return `Served by ${name}, which relays it from ${owner}.`;
}

/** The address under which this page was reached, where the member has it; else its first one that is as safe as the page. */
function httpAddress({ addresses }: ApiMember): string {
  const isSecure = location.protocol === 'https:';
  const usable = addresses.filter(({ httpsPort }) => !isSecure || httpsPort !== undefined);
  const address = usable.find(({ host }) => host === location.hostname) ?? usable[0];
  if (address === undefined)
    throw new Error(
      isSecure
        ? 'It takes no players by TLS, and a page that came by TLS may not play otherwise.'
        : 'It tells no address for players.',
    );
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${isSecure ? address.httpsPort : address.httpPort}`;
}
