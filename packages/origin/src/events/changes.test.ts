import type { Owner } from '@headwater/directory';
import type { MemberView } from '@headwater/mesh';
import { describe, expect, it } from 'vitest';
import { MemberChanges } from './member-changes.js';
import { OwnerChanges } from './owner-changes.js';

const view = (liveness: MemberView['liveness'], draining = false): MemberView =>
  ({ id: 'm', liveness, profile: { name: 'm', draining } }) as unknown as MemberView;

const owner = (member: string, silent = false): Owner =>
  ({ member, profile: { name: member.toUpperCase() }, claim: silent ? { silent } : {} }) as unknown as Owner;

describe('what is new of a member', () => {
  it.each<[string, readonly MemberView[], readonly string[]]>([
    ['it comes', [view('alive')], ['member-joined']],
    ['it is told of again and again', [view('alive'), view('alive')], ['member-joined']],
    [
      'it hangs, goes on, hangs and dies, and comes back',
      ['alive', 'suspect', 'alive', 'suspect', 'dead', 'alive'].map((one) => view(one as 'alive')),
      [
        'member-joined',
        'member-suspected',
        'member-alive',
        'member-suspected',
        'member-dead',
        'member-joined',
      ],
    ],
    [
      'it is cut off',
      [view('alive'), view('unreachable'), view('alive')],
      ['member-joined', 'member-unreachable', 'member-alive'],
    ],
    ['it was gone before', [view('dead'), view('left')], ['member-left']],
    [
      'it drains, stays after all, drains and leaves',
      [view('alive', true), view('alive'), view('alive', true), view('left', true)],
      ['member-joined', 'member-draining', 'member-drain-cancelled', 'member-draining', 'member-left'],
    ],
  ])('%s', (_, views, kinds) => {
    const changes = new MemberChanges();
    expect(views.flatMap((one) => changes.look(one)).map(({ kind }) => kind)).toEqual(kinds);
  });

  it('is nothing as long as its name is not known', () => {
    expect(new MemberChanges().look({ ...view('alive'), profile: null })).toEqual([]);
  });
});

describe('what is new of a stream', () => {
  const told = (...lists: readonly (readonly Owner[])[]): string[] => {
    const changes = new OwnerChanges((member) => member === 'gone');
    return lists
      .flatMap((owners) => changes.look('k', owners))
      .map((event) =>
        [event.kind, 'member' in event ? event.member : '', 'reason' in event ? event.reason : '']
          .join(' ')
          .trim(),
      );
  };

  it('is who claims it, whose media comes or not, and who lets it go', () => {
    expect(told([owner('a', true)], [owner('a')], [owner('a', true)], [])).toEqual([
      'stream-claimed a',
      'stream-flowing a',
      'stream-silent a',
      'stream-released a released',
    ]);
  });

  it('tells several owners apart, in whatever order they are', () => {
    expect(told([owner('a')], [owner('b'), owner('a')], [owner('a'), owner('b')], [owner('b')])).toEqual([
      'stream-claimed a',
      'stream-flowing a',
      'stream-claimed b',
      'stream-flowing b',
      'stream-released a released',
    ]);
    expect(told([owner('gone')], [])).toContain('stream-released gone member-gone');
  });

  it('is nothing where it is told of without need', () => {
    expect(told([], [owner('a')], [owner('a')], [owner('a')])).toHaveLength(2);
  });
});
