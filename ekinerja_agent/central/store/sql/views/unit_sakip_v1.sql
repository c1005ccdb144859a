-- What was judged of a unit's accountability (SAKIP), by year and aspect.
SELECT
    s.unit AS unit_code, n.name AS unit_name, s.year, s.aspect, {percent(s.score_e2 * 100)} AS score
FROM {standing(sakip)} s {name_of(s.unit)}
