# One image for every process of banyan; the command picks it:
#   node dist/apps/<primary-server|secondary-server|agent|cli|demo>/src/main.js
# Left out on purpose: the embedded PostgreSQL and the compiler (optional dependencies). A container has a database of
# its own, and everything is compiled in the build stage.

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY .swcrc ./
COPY scripts/build.mjs scripts/
COPY libs libs
COPY apps apps
RUN node scripts/build.mjs

FROM node:24-bookworm-slim AS dependencies
WORKDIR /dependencies
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/banyan
# A named volume takes owner and mode from the folder it is first mounted on: each one is made here, for the user
# `node`, because no container of ours runs as root.
RUN for folder in /var/lib/banyan /trust /secrets \
      /volumes/dc1-server /volumes/dc1-agent /volumes/dc1-postgres /volumes/web \
      /volumes/dc2-server /volumes/dc2-agent /volumes/dc2-postgres /volumes/api /volumes/operator \
      /volumes/prometheus /volumes/grafana; \
    do install -d -o node -g node -m 0755 "$folder"; done
COPY --from=dependencies /dependencies/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY scripts/container-health.mjs scripts/compose-secrets.mjs scripts/compose-setup.mjs scripts/
USER node
VOLUME /var/lib/banyan
ENV BANYAN_DATA_DIR=/var/lib/banyan
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "scripts/container-health.mjs"]
CMD ["node", "dist/apps/cli/src/main.js", "--help"]
