# Latchkey without its sandbox and without anything that builds: docs/how-to/install.md says how to build and run it.
#
# Both stages start from one base, so that they have one Python.  Pin it by its digest where you build, so that the same
# Dockerfile is the same image tomorrow:
#   docker buildx imagetools inspect docker.io/library/python:3.11-slim-bookworm
#   docker build --build-arg BASE=docker.io/library/python:3.11-slim-bookworm@sha256:… -t latchkey .
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
# Of the newest commit (git log -1 --format=%ct): what the wheel says of time.
ARG SOURCE_DATE_EPOCH=1577836800
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# What changes seldom comes first.
COPY requirements-production.txt requirements-build.txt ./
RUN python3 -m venv /build \
 && python3 -m venv --without-pip /opt/latchkey \
 && /build/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements-build.txt \
 && /build/bin/pip --python /opt/latchkey/bin/python install --quiet --no-compile --require-hashes --only-binary :all: \
      -r requirements-production.txt
COPY pyproject.toml README.md LICENSE manifest.yml ./
COPY bot bot
COPY graph graph
COPY handlers handlers
COPY migrations migrations
COPY sandbox sandbox
COPY deploy deploy
# The root is read-only when it runs, so the bytecode is made here, the same each time; the sandbox stays behind.
RUN /build/bin/hatchling build --target wheel --directory /dist \
 && /build/bin/pip --python /opt/latchkey/bin/python install --quiet --no-compile --no-deps --no-index /dist/*.whl \
 && rm -rf /opt/latchkey/lib/python3*/site-packages/sandbox \
 && /opt/latchkey/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/latchkey/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="Latchkey" \
      org.opencontainers.image.description="Time-limited access to Microsoft Entra access packages, asked for and decided in Slack" \
      org.opencontainers.image.licenses="MIT"
# The base brings pip along; nothing is installed any more.
RUN rm -rf /usr/local/lib/python3*/ensurepip /usr/local/lib/python3*/site-packages/* /usr/local/bin/pip* \
 && groupadd --gid 10001 latchkey \
 && useradd --no-create-home --uid 10001 --gid 10001 --home-dir /var/lib/latchkey --shell /usr/sbin/nologin latchkey \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/latchkey
COPY --from=build /opt/latchkey /opt/latchkey
ENV PATH=/opt/latchkey/bin:/usr/local/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LATCHKEY_HOST=0.0.0.0
# Only SQLite, packages as code and `latchkey init` write anything, and here.
WORKDIR /var/lib/latchkey
USER 10001:10001
EXPOSE 3000
# It lives; how it is says /readyz.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-I", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('LATCHKEY_PORT') or 3000), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["latchkey"]
CMD ["run"]
