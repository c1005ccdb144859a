-- Of an event, how many came, and in uniform.
SELECT
    e.event, e.date, count(*) AS present, sum(CASE WHEN e.uniform THEN 1 ELSE 0 END) AS in_uniform,
    sum(CASE WHEN NOT e.uniform THEN 1 ELSE 0 END) AS without_uniform
FROM {standing(event_attendance)} e WHERE e.status = 'present' GROUP BY e.event, e.date
