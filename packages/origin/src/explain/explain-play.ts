import {
  type DirectoryView,
  hostPort,
  ORDER_REASONS,
  type Owner,
  type OwnerPolicy,
  orderReason,
  type PlayRequest,
  portAt,
  ROUTE_REASONS,
  type Route,
  relayWay,
  type StreamKey,
} from '@headwater/directory';
import type { GuardConfig } from '@headwater/guard';
import { explainRules } from '@headwater/guard/rules';
import type { MemberView, MeshStatus } from '@headwater/mesh';
import { durationText } from '../cli/duration-text.js';
import type { MediaTold } from '../plane/media-plane.js';
import { ASKING_CLIENTS, type AskingClient } from './asking-client.js';

/** What an explanation is made of: what this member knows at the moment. */
export interface ExplainView {
  readonly name: string;
  readonly zone?: string;
  readonly order: OwnerPolicy;
  readonly rules: Pick<GuardConfig, 'publish' | 'play' | 'apps'>;
  /** Absent: relays pull from owners. */
  readonly relay?: { readonly tree: boolean };
  readonly limits: { readonly connectionsMax: number; readonly outboundKbpsMax: number };
  readonly directory: DirectoryView;
  members(): readonly MemberView[];
  status(): MeshStatus;
  isDraining(): boolean;
  told(): MediaTold;
  route(request: Omit<PlayRequest, 'mode'>): Route;
}

/** One play that has not come: whose, and from where. */
export interface ExplainAsk {
  readonly key: StreamKey;
  readonly app: string;
  readonly client: AskingClient;
  /** IP address of the client; absent: not known. */
  readonly address?: string;
}

/** What a sentence is about, in the order in which a play meets them. */
export type StepAbout = 'claims' | 'order' | 'access' | 'capacity' | 'drain' | 'reach' | 'tree' | 'route';

export interface ExplainStep {
  readonly about: StepAbout;
  readonly text: string;
}

export interface PlayExplained {
  readonly route: Route['kind'];
  readonly reason: Route['reason'];
  /** Of the rules for plays. */
  readonly access: 'open' | 'allowed' | 'refused' | 'depends';
  readonly target?: string;
  readonly steps: readonly ExplainStep[];
}

/** Owners that are told of one by one. */
const OWNERS_SHOWN_MAX = 10;

/** What would happen to a play on this member now, in sentences. Nothing is begun, and nobody is asked. `nowMs`: Unix. */
export function explainPlay(view: ExplainView, ask: ExplainAsk, nowMs: number): PlayExplained {
  const { protocol, followsRedirect } = ASKING_CLIENTS[ask.client];
  const owners = view.directory.owners(ask.key);
  const route = view.route({ key: ask.key, protocol, followsRedirect, mark: 'none' });
  const access = explainRules(view.rules, {
    action: 'play',
    app: ask.app,
    ...(ask.address !== undefined && { ip: ask.address }),
  });
  const target = targetOf(route);
  return {
    route: route.kind,
    reason: route.reason,
    access: access.decision,
    ...(target !== undefined && { target }),
    steps: [
      ...claims(view, owners, nowMs),
      ...order(view, owners),
      ...access.sentences.map((text) => ({ about: 'access', text }) as const),
      ...capacity(view),
      ...drain(view, owners),
      ...reach(view, owners),
      ...tree(view, owners, route),
      { about: 'route', text: routeSentence(view, ask, route, access.decision) },
    ],
  };
}

function claims(view: ExplainView, owners: readonly Owner[], nowMs: number): ExplainStep[] {
  const { joined, synced, disputed } = view.status();
  const steps: ExplainStep[] = [];
  if (disputed)
    steps.push({
      about: 'claims',
      text: `Another process has the identity of ${view.name}: what it claims may not be seen by others.`,
    });
  if (!joined || !synced)
    steps.push({
      about: 'claims',
      text: `${view.name} is not in step with the mesh yet: there may be owners that it does not know.`,
    });
  if (owners.length === 0)
    return [...steps, { about: 'claims', text: `${view.name} knows of no member that publishes it.` }];
  const members = new Map(view.members().map((member) => [member.id, member]));
  for (const owner of owners.slice(0, OWNERS_SHOWN_MAX)) {
    const { profile, claim, liveness, member } = owner;
    const known = members.get(member);
    const flow = claim.silent === true ? 'has no media at the moment' : 'has media';
    const since = durationText(Math.max(0, nowMs - claim.sinceMs));
    steps.push({
      about: 'claims',
      text: `${profile.name} claims it since ${since} and ${flow}; it is ${liveness}${freshness(known)}.`,
    });
  }
  const more = owners.length - OWNERS_SHOWN_MAX;
  if (more > 0) steps.push({ about: 'claims', text: `${more} more members claim it.` });
  return steps;
}

function freshness(member: MemberView | undefined): string {
  if (member === undefined) return '';
  if (member.isSelf) return ', and is the member that was asked';
  if (!member.connected) return ', and there is no connection with it';
  return member.rttMs === undefined
    ? ', connected'
    : `, connected, ${Math.max(0.1, Math.round(member.rttMs * 10) / 10)} ms away`;
}

function order(view: ExplainView, owners: readonly Owner[]): ExplainStep[] {
  return owners.slice(0, OWNERS_SHOWN_MAX - 1).flatMap((first, index) => {
    const second = owners[index + 1];
    if (second === undefined) return [];
    const names = { first: first.profile.name, second: second.profile.name };
    const why = ORDER_REASONS[orderReason(first, second, view.order, view.zone)].replace(
      /\{(first|second)\}/g,
      (_, which: 'first' | 'second') => names[which],
    );
    return [{ about: 'order', text: `${names.first} comes before ${names.second}: ${why}.` } as const];
  });
}

function capacity({ name, told, limits, directory }: ExplainView): ExplainStep[] {
  const { isFull, connections, outboundKbps } = told();
  const kbps =
    limits.outboundKbpsMax === 0 ? '' : ` and ${outboundKbps} of ${limits.outboundKbpsMax} kbit/s out`;
  const used = `${connections} of ${limits.connectionsMax} connections${kbps}`;
  if (!isFull) return [{ about: 'capacity', text: `${name} has room: ${used}.` }];
  const others = directory.withRoom().length;
  const where = others === 0 ? 'no other member has room' : `${others} other member(s) have room`;
  return [{ about: 'capacity', text: `${name} is full: ${used}; ${where}.` }];
}

function drain(view: ExplainView, owners: readonly Owner[]): ExplainStep[] {
  const leaving = owners.filter(({ profile }) => profile.draining).map(({ profile }) => profile.name);
  const own = view.isDraining() ? [`${view.name} drains: players are served, publishers are refused.`] : [];
  const others = leaving.length === 0 ? [] : [`Owners that drain: ${leaving.join(', ')}.`];
  return [...own, ...others].map((text) => ({ about: 'drain', text }));
}

function reach({ name, directory }: ExplainView, owners: readonly Owner[]): ExplainStep[] {
  return owners.slice(0, OWNERS_SHOWN_MAX).flatMap(({ profile, liveness, through }) => {
    if (liveness !== 'unreachable') return [];
    const by = through === undefined || through === null ? undefined : directory.member(through);
    const way =
      by === undefined
        ? 'and no member that could pass it on is known'
        : 'so it is pulled through another member';
    const called = by?.profile?.name;
    return [
      {
        about: 'reach',
        text: `${name} cannot reach ${profile.name}, ${way}${called === undefined ? '' : `: ${called}`}.`,
      } as const,
    ];
  });
}

/** From whom a relay would pull with `relay.tree`. */
function tree(
  { name, zone, relay, directory }: ExplainView,
  owners: readonly Owner[],
  route: Route,
): ExplainStep[] {
  const best = route.kind === 'relay' ? route.owners[0]?.member : undefined;
  const owner = owners.find(({ member }) => member === best);
  if (relay?.tree !== true || owner === undefined) return [];
  const way = relayWay(directory, owner);
  const from = owner.profile.name;
  const members = zone === undefined ? 'the members without a zone' : `zone ${zone}`;
  const text = (): string | null => {
    if (way.kind === 'through')
      return `A relay on ${name} would pull through ${way.head.profile.name}, which pulls this stream from ${from} for ${members} (relay.tree).`;
    switch (way.reason) {
      case 'head':
        return `A relay on ${name} would pull from ${from} itself, and others of ${members} through ${name} (relay.tree).`;
      case 'nobody-else':
        return `A relay on ${name} would pull from ${from} itself: nobody else of ${members} has room (relay.tree).`;
      case 'out-of-reach':
        return null;
    }
  };
  const told = text();
  return told === null ? [] : [{ about: 'tree', text: told }];
}

const targetOf = (route: Route): string | undefined =>
  route.kind === 'redirect'
    ? route.target.profile.name
    : route.kind === 'relay'
      ? route.owners[0]?.profile.name
      : undefined;

function routeSentence(
  view: ExplainView,
  { client }: ExplainAsk,
  route: Route,
  access: PlayExplained['access'],
): string {
  const { said, protocol } = ASKING_CLIENTS[client];
  const who = `${said.charAt(0).toUpperCase()}${said.slice(1)}`;
  const why = ROUTE_REASONS[route.reason];
  if (access === 'refused') return `${who} would be refused by the rules, before any route.`;
  const unless = access === 'depends' ? ', where the rules allow it' : '';
  switch (route.kind) {
    case 'local':
      return `${who} would be served by ${view.name} itself${unless}: ${why}.`;
    case 'redirect': {
      const port = portAt(route.address, protocol, false) ?? 0;
      return `${who} would be sent to ${route.target.profile.name} at ${hostPort(route.address.host, port)}${unless}: ${why}.`;
    }
    case 'relay': {
      const names = route.owners.map(({ profile }) => profile.name);
      const [first = 'its owner', ...others] = names;
      const standby = others.length === 0 ? '' : `; should it end, from ${others.join(', then ')}`;
      return `${who} would be served by ${view.name}, which pulls the stream from ${first}${standby}${unless}: ${why}.`;
    }
    case 'wait':
      return `${who} would wait on ${view.name}${unless}: ${why}.`;
    case 'refuse':
      return `${who} would be refused: ${why}.`;
  }
}
