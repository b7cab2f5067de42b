import {
  type Claim,
  type Delta,
  type MemberId,
  NO_LOAD,
  type Owner,
  OwnersChange,
  ownerThrough,
  type PlayRequest,
  type RouteView,
  route,
  type StreamKey,
} from '@headwater/directory';
import type { Effects, MemberCore } from '@headwater/mesh/core';
import {
  allClaimsOf,
  allLate,
  believe,
  confirmAnew,
  detectorOf,
  enter,
  flowing,
  Hoard,
  onApply,
  onSends,
  onStep,
  tamper,
  withoutLeeway,
} from './break-wraps.js';
import type { Trouble } from './plan.js';
import type { SeedOptions } from './run-seed.js';
import { WITHOUT_PURPOSE } from './seal.js';

/**
 * Faults put into the core on purpose, to see that the checkers find them. Each wraps what a core shows to everybody
 * (`step`, and the methods of its directory): the core itself knows nothing of it.
 */
export interface Break {
  readonly name: string;
  /** The checkers of which one must find it. */
  readonly caughtBy: readonly string[];
  readonly core?: (core: MemberCore) => void;
  readonly routeOf?: NonNullable<SeedOptions['routeOf']>;
  readonly sealing?: NonNullable<SeedOptions['sealing']>;
  readonly prepare?: NonNullable<SeedOptions['prepare']>;
  /** What it needs to show; absent: whatever seeds draw. */
  readonly troubles?: readonly Trouble[];
  /** How long it may take to show; absent: as drawn, ms. */
  readonly stormMs?: number;
}

export const BREAKS: readonly Break[] = [
  {
    name: 'drops the version check: applies old deltas too',
    caughtBy: ['faithful-copies'],
    core: (core) =>
      onApply(core, (delta, next, directory) => {
        const applied = next(delta);
        if (applied.outcome !== 'old') return applied;
        const change = (claims: Map<StreamKey, Claim>): void => enter(claims, delta.entries);
        return { outcome: 'applied', changed: tamper(directory, next, delta.member, change) };
      }),
  },
  {
    name: 'applies tombstones late: with the next delta',
    caughtBy: ['faithful-copies'],
    core: (core) => {
      const late = new Map<MemberId, Delta['entries']>();
      onApply(core, (delta, next, directory) => {
        const entries = delta.entries.filter(({ kind }) => kind !== 'release');
        const applied = next({ ...delta, entries });
        if (applied.outcome !== 'applied') return applied;
        const due = late.get(delta.member) ?? [];
        late.set(
          delta.member,
          delta.entries.filter(({ kind }) => kind === 'release'),
        );
        const changed = tamper(directory, next, delta.member, (claims) => enter(claims, due));
        changed.join(applied.changed);
        return { outcome: 'applied', changed };
      });
    },
  },
  {
    name: 'forgets the generation: a new start keeps the claims of the one before',
    caughtBy: ['faithful-copies'],
    core: (core) => {
      const kept = new Map<MemberId, Map<StreamKey, Claim>>();
      onApply(core, (delta, next, directory) => {
        if (delta.generation > directory.position(delta.member).generation)
          kept.set(delta.member, allClaimsOf(directory, delta.member));
        const applied = next(delta);
        const old = kept.get(delta.member);
        if (applied.outcome !== 'applied' || old === undefined || old.size === 0) return applied;
        const changed = tamper(directory, next, delta.member, (claims) => {
          for (const [key, claim] of old) if (!claims.has(key)) claims.set(key, claim);
        });
        changed.join(applied.changed);
        return { outcome: 'applied', changed };
      });
    },
    troubles: ['kill', 'takeover'],
  },
  {
    name: 'loses an entry of a delta',
    caughtBy: ['faithful-copies'],
    core: (core) => onApply(core, (delta, next) => next({ ...delta, entries: delta.entries.slice(1) })),
  },
  {
    name: 'never hears that a publisher fell silent',
    caughtBy: ['faithful-copies', 'agreement'],
    core: (core) => onApply(core, (delta, next) => next({ ...delta, entries: delta.entries.map(flowing) })),
  },
  {
    name: 'ranks the silent as those that flow',
    caughtBy: ['owner-order', 'agreement'],
    core: ({ directory }) => {
      const owners = directory.owners.bind(directory);
      const age = (a: Owner, b: Owner): number => a.claim.sinceMs - b.claim.sinceMs;
      directory.owners = (key) =>
        owners(key).every(({ liveness, profile }) => liveness === 'alive' && !profile.draining)
          ? [...owners(key)].sort(age)
          : owners(key);
    },
  },
  {
    name: 'goes back to the version before on old news',
    caughtBy: ['versions'],
    core: (core) =>
      onApply(core, (delta, next, directory) => {
        const applied = next(delta);
        if (applied.outcome !== 'old') return applied;
        const version = directory.position(delta.member).version - 1;
        return { outcome: 'old', changed: tamper(directory, next, delta.member, () => {}, version) };
      }),
  },
  {
    name: 'believes old news of the dead',
    caughtBy: ['zombies', 'dead-routes'],
    core: (core) =>
      onStep(core, (input, now, next) => {
        const author = input.kind === 'broadcast' ? input.author : '';
        const wasDead = core.directory.member(author)?.liveness === 'dead';
        const effects = next(input, now);
        if (wasDead) core.directory.setLiveness(author, 'alive');
        return effects;
      }),
    // Who means ill plays old news again.
    troubles: ['kill', 'hostile'],
  },
  {
    name: 'never declares anybody dead',
    caughtBy: ['dead-routes'],
    core: ({ directory }) => {
      const setLiveness = directory.setLiveness.bind(directory);
      directory.setLiveness = (id, liveness) => setLiveness(id, liveness === 'dead' ? 'suspect' : liveness);
    },
  },
  {
    name: 'never takes a suspicion back',
    caughtBy: ['agreement', 'false-deaths'],
    core: ({ directory }) => {
      const setLiveness = directory.setLiveness.bind(directory);
      directory.setLiveness = (id, liveness) => {
        const isRefuted = directory.member(id)?.liveness === 'suspect' && liveness === 'alive';
        return isRefuted ? new OwnersChange() : setLiveness(id, liveness);
      };
    },
  },
  {
    name: 'blames others for its own standstill',
    caughtBy: ['false-deaths'],
    core: (core) => {
      let last = Number.NaN;
      onStep(core, (input, now, next) => {
        // With a tick for each that it missed, it never notices that it stood still.
        const missed: Effects[] = [];
        for (let at = last + 100; at < now - 50; at += 100) missed.push(next({ kind: 'tick' }, at));
        last = now;
        const effects = next(input, now);
        for (const { sends, dials, disconnects, changedMembers, changedStreams } of missed) {
          effects.sends.push(...sends);
          effects.dials.push(...dials);
          effects.disconnects.push(...disconnects);
          effects.changed(changedStreams);
          for (const id of changedMembers) effects.changedMembers.add(id);
        }
        return effects;
      });
    },
  },
  {
    name: 'skips repair: never asks for what it missed',
    caughtBy: ['agreement', 'joined', 'visible-claims'],
    core: (core) => onSends(core, (message) => (message.kind === 'pull' ? null : message)),
  },
  {
    name: 'answers no repair',
    caughtBy: ['agreement', 'joined', 'visible-claims'],
    core: (core) =>
      onSends(core, (message) =>
        message.kind === 'delta-part' || message.kind === 'snapshot-part' ? null : message,
      ),
  },
  {
    name: 'tells a wrong load',
    caughtBy: ['loads'],
    core: (core) =>
      onSends(core, (message) => (message.kind === 'heartbeat' ? { ...message, load: NO_LOAD } : message)),
  },
  {
    name: 'greets again with each heartbeat',
    caughtBy: ['quiet-traffic'],
    core: (core) =>
      onStep(core, (input, now, next) => {
        const effects = next(input, now);
        if (input.kind === 'direct' && input.message.kind === 'heartbeat')
          for (let count = 0; count < 3; count += 1) effects.send(input.peer, { kind: 'more', pull: 0 });
        return effects;
      }),
  },
  {
    name: 'orders owners by arrival',
    caughtBy: ['owner-order', 'agreement'],
    core: ({ directory }) => {
      const owners = directory.owners.bind(directory);
      const arrived = new Map<StreamKey, readonly MemberId[]>();
      directory.owners = (key) => {
        const now = owners(key);
        const before = (arrived.get(key) ?? []).flatMap(
          (id) => now.find(({ member }) => member === id) ?? [],
        );
        const ordered: readonly Owner[] = [
          ...before,
          ...now.filter(({ member }) => !before.some((owner) => owner.member === member)),
        ];
        arrived.set(
          key,
          ordered.map(({ member }) => member),
        );
        return ordered;
      };
    },
  },
  {
    name: "takes claims in another member's name",
    caughtBy: ['faithful-copies', 'versions'],
    core: (core) =>
      onStep(core, (input, now, next) =>
        next(
          input.kind === 'broadcast' && input.message.kind === 'delta'
            ? { ...input, author: input.message.delta.member }
            : input,
          now,
        ),
      ),
  },
  {
    name: "takes anybody's words for those of the member that it asked about",
    caughtBy: ['faithful-copies', 'versions'],
    core: (core) => {
      const askedOf = new Map<MemberId, MemberId>();
      onStep(core, (input, now, next) => {
        const owner = input.kind === 'handed-on' ? askedOf.get(input.peer) : undefined;
        const delta = input.kind === 'handed-on' ? input.message.delta : undefined;
        const effects =
          input.kind === 'handed-on' && owner !== undefined && delta !== undefined
            ? next(
                { ...input, author: owner, message: { kind: 'delta', delta: { ...delta, member: owner } } },
                now,
              )
            : next(input, now);
        for (const { to, message } of effects.sends)
          if (message.kind === 'ask') askedOf.set(to, message.owner);
        return effects;
      });
    },
  },
  {
    name: 'keeps every envelope that it ever heard',
    caughtBy: ['bounds'],
    core: (core) => {
      const hoards = new Map<MemberId, Hoard>();
      onStep(core, (input, now, next) => {
        if (input.kind === 'broadcast') {
          const peer = core.peer(input.author) as unknown as { envelopes: Hoard } | undefined;
          const hoard = hoards.get(input.author) ?? new Hoard();
          hoards.set(input.author, hoard);
          if (peer) peer.envelopes = hoard;
        }
        return next(input, now);
      });
    },
    // Members that say much, for long.
    troubles: ['takeover'],
    stormMs: 90_000,
  },
  {
    name: 'does not tell that owners changed',
    caughtBy: ['told-owners'],
    core: (core) =>
      onStep(core, (input, now, next) => {
        const effects = next(input, now);
        if (input.kind === 'disconnected' || input.kind === 'tick')
          Object.assign(effects, { changedStreams: new OwnersChange() });
        return effects;
      }),
    // Other ends are found out by a refused dial.
    troubles: ['power-off', 'hang'],
    stormMs: 60_000,
  },
  {
    name: 'throws at an odd message',
    caughtBy: ['no-throw'],
    core: (core) =>
      onStep(core, (input, now, next) => {
        if (input.kind === 'direct' && input.message.kind === 'leave') throw new Error('odd');
        return next(input, now);
      }),
  },
  {
    name: 'redirects a redirected play again',
    caughtBy: ['redirect-loops'],
    routeOf: (view: RouteView, request: PlayRequest) => route(view, { ...request, mark: 'none' }),
  },
  {
    name: 'signs without saying what for',
    caughtBy: ['faithful-copies', 'versions'],
    sealing: WITHOUT_PURPOSE,
    troubles: ['hostile'],
  },
  {
    name: 'checks as many envelopes as it is given for one question',
    caughtBy: ['bounds'],
    core: (core) => {
      const asked = new Map<MemberId, number>();
      onStep(core, (input, now, next) => {
        const words = input.kind === 'direct' && input.message.kind === 'words' ? input.message : null;
        const isAnswer =
          input.kind === 'direct' && words !== null && asked.get(input.peer) === words.ask && !words.last;
        const effects = next(isAnswer ? { ...input, message: { ...words, envelopes: [] } } : input, now);
        if (isAnswer)
          for (const signedBytes of words.envelopes)
            effects.verifications.push({ via: input.peer, signedBytes });
        for (const { to, message } of effects.sends) if (message.kind === 'ask') asked.set(to, message.ask);
        return effects;
      });
    },
    troubles: ['hostile', 'cut', 'one-way-cut', 'bad-gossip', 'hot-backup'],
  },
  {
    name: 'confirms a death anew with each further loss',
    caughtBy: ['dead-routes'],
    core: (core) =>
      onStep(core, (input, now, next) => {
        if (input.kind === 'disconnected') confirmAnew(detectorOf(core, input.peer), now);
        if (input.kind === 'dial-failed') believe(detectorOf(core, input.peer));
        return next(input, now);
      }),
    troubles: ['mute'],
  },
  {
    name: 'has joined as soon as a seed turns out to be itself, whoever else is behind that name',
    caughtBy: ['joined-alone'],
    core: (core) =>
      onStep(core, (input, now, next) =>
        next(
          input.kind === 'seed-visited' && input.outcome.isSelf
            ? { ...input, outcome: { isSelf: true, reached: [] } }
            : input,
          now,
        ),
      ),
  },
  {
    name: 'tells of versions in heartbeats that it has not sent yet',
    caughtBy: ['heartbeat-versions'],
    troubles: ['burst', 'move', 'hot-backup', 'takeover'],
    core: (core) =>
      onSends(core, (message) =>
        message.kind === 'heartbeat' ? { ...message, position: core.directory.position(core.self) } : message,
      ),
  },
  {
    name: 'says nothing directly to whom gossip leaves out, once it reached anybody',
    caughtBy: ['broadcasts'],
    prepare: ({ network }) => {
      network.gossip.isFallbackForAll = false;
    },
    // There it takes longer until gossip knows who is connected.
    troubles: ['join', 'kill', 'rolling-restart', 'slow-network'],
  },
  {
    name: 'takes lists of members for an offence',
    caughtBy: ['blame'],
    core: (core) =>
      onStep(core, (input, now, next) =>
        next(
          input.kind === 'direct' && input.message.kind === 'roster'
            ? { kind: 'offence', peer: input.peer, reason: 'a list' }
            : input,
          now,
        ),
      ),
  },
  {
    name: 'forgets a member that it hears',
    caughtBy: ['forgotten'],
    core: (core) => {
      let heartbeats = 0;
      onStep(core, (input, now, next) => {
        const effects = next(input, now);
        if (input.kind !== 'direct' || input.message.kind !== 'heartbeat') return effects;
        heartbeats += 1;
        if (heartbeats % 50 > 0) return effects;
        effects.changed(core.directory.forget(input.peer));
        effects.changedMembers.add(input.peer);
        return effects;
      });
    },
  },
  {
    name: 'takes a broken link for a death',
    caughtBy: ['heard-by-others'],
    core: ({ directory }) => {
      const setLiveness = directory.setLiveness.bind(directory);
      directory.setLiveness = (id, liveness) =>
        setLiveness(id, liveness === 'unreachable' ? 'dead' : liveness);
    },
    troubles: ['cut-link'],
  },
  {
    name: 'tells nothing again that it told once, whoever was out of reach then',
    caughtBy: ['claims-through-others'],
    core: (core) => {
      let told = 0;
      let ofGeneration = 0;
      onStep(core, (input, now, next) => {
        const effects = next(input, now);
        const broadcasts = effects.broadcasts.splice(0);
        for (const message of broadcasts) {
          if (message.kind === 'delta') {
            const { generation, to } = message.delta;
            if (generation === ofGeneration && to <= told) continue;
            [ofGeneration, told] = [generation, to];
          }
          effects.broadcasts.push(message);
        }
        return effects;
      });
    },
    troubles: ['cut-link', 'kill'],
  },
  {
    name: 'hands on no news of whom others do not reach',
    caughtBy: ['claims-through-others'],
    core: (core) =>
      onSends(core, (message) => (message.kind === 'words' ? { ...message, envelopes: [] } : message)),
    // Nor do broadcasts come by other ways.
    prepare: ({ network }) => {
      network.gossip.mute.has = () => true;
    },
    troubles: ['cut-link'],
  },
  {
    name: 'passes a play that was passed on to any other member',
    caughtBy: ['redirect-loops'],
    routeOf: (view: RouteView, request: PlayRequest) => {
      const honest = route(view, request);
      const other = view.withRoom().find(({ member }) => member !== request.relayOf);
      const [owner] = honest.kind === 'relay' && honest.reason === 'passed-on' ? honest.owners : [];
      return owner === undefined || other === undefined
        ? honest
        : { kind: 'relay', reason: 'passed-on', owners: [ownerThrough(owner, other.member)] };
    },
    troubles: ['cut-link', 'hot-backup'],
  },
  {
    name: 'forgets nobody whose place another one took',
    caughtBy: ['strangers'],
    core: ({ directory }) => {
      directory.forget = () => new OwnersChange();
    },
    troubles: ['ghosts'],
  },
  {
    name: 'dials whoever is gone at each tick',
    caughtBy: ['strangers'],
    core: (core) =>
      onStep(core, (input, now, next) => {
        const effects = next(input, now);
        if (input.kind !== 'tick') return effects;
        for (const { id, liveness } of core.directory.members())
          if (liveness === 'dead')
            effects.dials.push({ peer: id, addresses: core.peer(id)?.addresses ?? [], startedAt: now });
        return effects;
      }),
    troubles: ['ghosts', 'split'],
  },
  {
    name: 'takes no newer generation when the copy of its identity is gone',
    caughtBy: ['twins-gone', 'agreement'],
    core: (core) => onStep(core, (input, now, next) => Object.assign(next(input, now), { generation: null })),
    troubles: ['twins'],
  },
  {
    name: 'ranks the full as those that have room',
    caughtBy: ['owner-order'],
    core: ({ directory }) => {
      const owners = directory.owners.bind(directory);
      const age = (a: Owner, b: Owner): number => a.claim.sinceMs - b.claim.sinceMs;
      directory.owners = (key) =>
        owners(key).every(({ liveness, claim }) => liveness === 'alive' && claim.silent !== true)
          ? [...owners(key)].sort(age)
          : owners(key);
    },
    troubles: ['full', 'hot-backup'],
  },
  {
    name: 'is as impatient on a long path as on a short one',
    caughtBy: ['false-deaths'],
    core: withoutLeeway,
    troubles: ['long-paths', 'resets'],
  },
  {
    name: 'is as impatient with the late as with those on time',
    caughtBy: ['false-deaths'],
    core: withoutLeeway,
    prepare: allLate,
    troubles: ['resets'],
  },
];
