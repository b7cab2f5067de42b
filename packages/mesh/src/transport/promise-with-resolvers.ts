/**
 * libp2p calls `Promise.withResolvers`, which Node has from version 22 on. To be imported before libp2p.
 * Specified in https://tc39.es/ecma262/#sec-promise.withResolvers
 */
interface Resolvers<T> {
  promise: Promise<T>;
  resolve: (value: T | PromiseLike<T>) => void;
  reject: (reason?: unknown) => void;
}

interface PromiseWithResolvers {
  withResolvers?: <T>() => Resolvers<T>;
}

(Promise as PromiseWithResolvers).withResolvers ??= <T>(): Resolvers<T> => {
  const resolvers: Partial<Resolvers<T>> = {};
  resolvers.promise = new Promise<T>((resolve, reject) => {
    resolvers.resolve = resolve;
    resolvers.reject = reject;
  });
  return resolvers as Resolvers<T>;
};

export {};
