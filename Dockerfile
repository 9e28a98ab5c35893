# The image of production: web, worker, beat and commands are the same, started differently.

FROM python:3.11-slim-bookworm AS dependencies
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements.txt


FROM python:3.11-slim-bookworm
# What WeasyPrint draws PDF with.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DOCUMENTS_ROOT=/srv/documents \
    AAF_INBOX=/srv/inbox \
    BEAT_SCHEDULE_FILE=/tmp/beat-schedule
RUN useradd --system --uid 10001 --home-dir /srv/educonnect educonnect \
    && install -d -o educonnect /srv/documents /srv/inbox
COPY --from=dependencies /venv /venv
WORKDIR /srv/educonnect
COPY . .
# Files are compressed and named by their content; no secret is needed for that, nor kept.
RUN INSECURE_HTTP=true python manage.py collectstatic --noinput --verbosity 0
USER educonnect
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "devtools/container_health.py"]
# WEB_CONCURRENCY sets the number of processes.
CMD ["gunicorn", "--config", "python:educonnect_admin.web_server", "--bind", "0.0.0.0:8000", \
     "--worker-tmp-dir", "/dev/shm"]
