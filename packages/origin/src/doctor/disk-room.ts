import { statfs } from 'node:fs/promises';

/** How long a file system may take: less than a question may. One that hangs never says so itself. */
export const LOOK_MS = 1_000;

export interface Room {
  readonly freeBytes: number;
  readonly bytes: number;
}

/** How much room the file system of one folder has. */
export class DiskRoom {
  readonly #folder: string;
  readonly #read: typeof statfs;
  /** One look at a time: on a disk that hangs each would take a thread of node's few for ever. */
  #isLooking = false;
  #last: Promise<Room | null> = Promise.resolve(null);

  constructor(folder: string, read: typeof statfs = statfs) {
    this.#folder = folder;
    this.#read = read;
  }

  /** Null where the system does not tell, or not in time. Never rejects. */
  look(): Promise<Room | null> {
    if (this.#isLooking) return this.#last;
    this.#isLooking = true;
    this.#last = new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), LOOK_MS);
      this.#read(this.#folder)
        .then(
          ({ bavail, blocks, bsize }) => resolve({ freeBytes: bavail * bsize, bytes: blocks * bsize }),
          () => resolve(null),
        )
        .finally(() => {
          clearTimeout(timer);
          this.#isLooking = false;
        });
    });
    return this.#last;
  }
}
