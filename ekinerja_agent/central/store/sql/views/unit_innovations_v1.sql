-- The register of innovations.
SELECT
    i.unit AS unit_code, n.name AS unit_name, i.code, i.name, i.started, i.ended, i.document
FROM {standing(innovations)} i {name_of(i.unit)}
