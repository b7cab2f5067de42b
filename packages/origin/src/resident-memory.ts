/**
 * Tells the resident memory of this process, bytes. Node reads it from a file: where the process may open no more, which must not
 * end it, what was read last is told.
 */
export function residentMemory(read: () => number = () => process.memoryUsage.rss()): () => number {
  let lastBytes = 0;
  return () => {
    try {
      lastBytes = read();
    } catch {
      // Told by what else fails.
    }
    return lastBytes;
  };
}
