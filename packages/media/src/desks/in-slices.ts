import { Slice } from '@headwater/directory';

/**
 * Does something for each: for the first at once, and where they are many for the others in slices. Before each further
 * slice `goesOn` is asked; what comes or goes meanwhile is taken as the iterable has it.
 */
export function inSlices<T>(items: Iterable<T>, act: (item: T) => void, goesOn: () => boolean): void {
  actOnSome(items[Symbol.iterator](), act, goesOn);
}

function actOnSome<T>(items: Iterator<T>, act: (item: T) => void, goesOn: () => boolean): void {
  const slice = new Slice(() => performance.now());
  for (let next = items.next(); next.done !== true; next = items.next()) {
    act(next.value);
    if (!slice.isOver) continue;
    setImmediate(() => {
      if (goesOn()) actOnSome(items, act, goesOn);
    });
    return;
  }
}
