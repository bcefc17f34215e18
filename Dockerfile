# Three stages: what compiles and installs stays behind. Runs as a plain user on a read-only root;
# only /var/lib/tidegate (keys, indexes, the embedded database) is written to.

FROM node:22-bookworm-slim AS console
WORKDIR /source
COPY app/web/frontend/package.json app/web/frontend/package-lock.json app/web/frontend/.npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
COPY app/web/frontend ./
RUN npm run build

FROM python:3.13-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /opt/tidegate
COPY requirements.lock ./
RUN /opt/tidegate/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY schema schema
COPY --from=console /source/dist app/web/frontend/dist
RUN /opt/tidegate/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 tidegate \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/tidegate --shell /usr/sbin/nologin tidegate \
 && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/tidegate
COPY --from=build /opt/tidegate /opt/tidegate
ENV PATH=/opt/tidegate/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TIDEGATE_STATE_DIR=/var/lib/tidegate \
    TIDEGATE_HOST=0.0.0.0 \
    TIDEGATE_PORT=8000
USER 10001:10001
WORKDIR /var/lib/tidegate
VOLUME ["/var/lib/tidegate"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['TIDEGATE_PORT'] + '/healthz', timeout=2)"]
ENTRYPOINT ["tidegate"]
CMD ["serve"]
