# One recipe for every service: docker build --build-arg SERVICE=registry -t grassroots-staff/registry:0.1.0 .
# Both base images are arguments, so that a mirror or a digest (name:tag@sha256:...) can be given instead.
# The Python is the one that the tests run on.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm
ARG UV_IMAGE=ghcr.io/astral-sh/uv:0.13.9

FROM ${UV_IMAGE} AS uv

FROM ${PYTHON_IMAGE} AS packages
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
# Without groups: no tests, no tools, no embedded PostgreSQL, Java or Kafka.
# Behind a proxy that reads TLS: docker build --secret id=ca,src=/path/to/ca.pem
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=pyproject.toml,target=/app/pyproject.toml \
    --mount=type=bind,source=uv.lock,target=/app/uv.lock \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    uv sync --locked --no-default-groups --no-install-project

FROM ${PYTHON_IMAGE} AS code
ARG SERVICE
RUN : "${SERVICE:?say which: --build-arg SERVICE=registry}"
WORKDIR /app
COPY libs libs
COPY policies policies
COPY services/access.yaml services/access.yaml
COPY services/${SERVICE} services/${SERVICE}
# Readable for whatever user id a platform assigns; compiled here, because the file system is read-only later.
# `var` and `var/log` are where volumes go: what the audit log's signer keeps, and the log's files. A new volume of Docker
# takes over their mode.
RUN chmod -R a+rX . && mkdir -m 775 var var/log && python3 -m compileall -q libs services

FROM ${PYTHON_IMAGE}
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="grassroots-staff/${SERVICE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The packages are not installed as a distribution: their two import roots are named.
ENV SERVICE=${SERVICE} \
    PATH=/app/.venv/bin:${PATH} \
    PYTHONPATH=/app/libs:/app/services \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY --from=code /app .
USER 10001:0
EXPOSE 8080
# The argument is the part: api, relay, consumer, migrate, check. `exec` makes Python process 1, which hears SIGTERM.
ENTRYPOINT ["sh", "-c", "exec python -m common \"$SERVICE\" \"$@\"", "common"]
CMD ["api"]
