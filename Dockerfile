# One image for every member: the build stage has the compiler, the last one only what runs.
FROM node:24-bookworm-slim AS build
WORKDIR /src
# What is installed changes seldom, and is most of the time that a build takes: a layer of its own, which later builds find again.
COPY package.json package-lock.json ./
COPY packages/console/package.json packages/console/
COPY packages/directory/package.json packages/directory/
COPY packages/guard/package.json packages/guard/
COPY packages/media/package.json packages/media/
COPY packages/mesh/package.json packages/mesh/
COPY packages/origin/package.json packages/origin/
COPY packages/testing/package.json packages/testing/
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY packages packages
# Tests are not for the image, and to compile them takes as long as all the rest. The compiler is named as a peer by a library
# that runs without it, so npm keeps it.
RUN find packages -path '*/src/*' \( -name '*.test.*' -o -name '*.fixture.*' -o -path '*/src/*testing/*' \) -delete \
  && npx tsc -b packages/origin \
  && npm run -s bundle -w packages/console \
  && npm sbom --sbom-format=cyclonedx --omit=dev --workspace=packages/origin > sbom.cdx.json \
  && npm prune --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/typescript node_modules/@typescript \
  && rm -rf packages/testing packages/console node_modules/@headwater/testing node_modules/@headwater/console \
    packages/*/src packages/*/tsconfig.json packages/*/dist/.tsbuildinfo \
  && find packages node_modules -type d -empty -delete

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Headwater" \
  org.opencontainers.image.description="Origin cluster for live video: a gossip mesh of RTMP and HTTP-FLV origins" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /opt/headwater
COPY --from=build /src/package.json /src/sbom.cdx.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/packages ./packages
COPY conf/origin.yml /etc/headwater/origin.yml
RUN ln -s /opt/headwater/packages/origin/bin/headwater.js /usr/local/bin/headwater \
  && install -d -o node -g node -m 0700 /var/lib/headwater
USER node
# The identity key lives here: keep the volume, or the member comes back as a stranger.
VOLUME /var/lib/headwater
ENV HEADWATER_DATA_DIR=/var/lib/headwater
EXPOSE 1935 8080 1985 7946
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["/bin/bash", "/opt/headwater/packages/origin/bin/health-check.sh"]
ENTRYPOINT ["headwater"]
CMD ["origin", "--config", "/etc/headwater/origin.yml"]
