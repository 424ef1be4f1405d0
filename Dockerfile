# syntax=docker/dockerfile:1
# The service in two stages: what builds it stays behind. docs/docker.md says how to run it and
# what of this file was tried where.

FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY server ./server
COPY clients ./clients
RUN python -m venv /opt/offerd && /opt/offerd/bin/pip install '.[fast,import,native]'

# Definitions can be baked in: docker build --build-arg DEFINITIONS=path/in/context
ARG DEFINITIONS=examples/luma/definitions
COPY ${DEFINITIONS} /definitions
RUN /opt/offerd/bin/offerd compile /definitions --out /bundle

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="offerd" \
      org.opencontainers.image.description="An edge decisioning service" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 offerd \
 && useradd --system --uid 10001 --gid offerd --no-create-home --shell /usr/sbin/nologin offerd \
 && install --directory --owner offerd --group offerd /var/lib/offerd
COPY --from=build /opt/offerd /opt/offerd
COPY --from=build --chown=root:root /bundle /etc/offerd/bundle
ENV PATH=/opt/offerd/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OFFERD_SERVE_BUNDLE=/etc/offerd/bundle \
    OFFERD_SERVE_STATE=/var/lib/offerd \
    OFFERD_SERVE_GRPC=0.0.0.0:50051 \
    OFFERD_SERVE_HTTP=0.0.0.0:8080 \
    OFFERD_SERVE_INSECURE_LISTEN=1
USER 10001:10001
VOLUME /var/lib/offerd
EXPOSE 50051 8080
STOPSIGNAL SIGTERM
# It asks where the variables above, and those for TLS, say that the service listens.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["offerd", "health"]
ENTRYPOINT ["offerd"]
CMD ["serve"]
