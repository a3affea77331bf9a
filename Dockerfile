# One image for every command: `docker run … bridge` serves, `… bridge check`
# checks. Mount your own files on /app/mappings; /app/data keeps the journal.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BRIDGE_HOST=0.0.0.0 \
    BRIDGE_PORT=8080

WORKDIR /app

COPY requirements.txt .
RUN pip install --require-hashes --no-cache-dir -r requirements.txt

COPY app.py LICENSE ./
COPY bridge bridge
COPY mappings mappings

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin bridge \
    && install --directory --owner=bridge --mode=0700 data
USER 10001
VOLUME /app/data
EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['BRIDGE_PORT']}/healthz\", timeout=4)"]

# `serve` waits up to 40 s for calls under way: `docker stop --time 45`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "bridge"]
CMD ["serve"]
