-- How many evaluation meetings a unit held in a month.
SELECT
    m.unit AS unit_code, n.name AS unit_name, m.month, m.meetings
FROM (
    SELECT h.unit, {month(h.date)} AS month, count(*) AS meetings
    FROM {standing(evaluation_meetings)} h GROUP BY h.unit, {month(h.date)}
) m {name_of(m.unit)}
