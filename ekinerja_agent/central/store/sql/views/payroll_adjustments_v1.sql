-- What is paid or taken back later for a month that was paid.
SELECT
    a.for_period || '/' || a.nip || '/' || a.to_revision AS adjustment_id, a.period, a.for_period, a.nip,
    a.unit AS unit_code, a.from_revision, a.to_revision, a.difference_rp, a.reason,
    {instant(a.published_at)} AS published_at
FROM adjustments a
