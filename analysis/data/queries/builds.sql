-- name: builds
-- help: Which code and which machine made which runs
-- parameters: study
WITH
-- include: cell.sql
SELECT c.study, k.version, substr(k.git_commit, 1, 10) AS git_commit, k.git_dirty,
 substr(k.binary_sha256, 1, 12) AS binary, h.hostname, h.cpu_model, h.blas, h.blas_kernel,
 count(DISTINCT c.run_id) AS runs
FROM cell c JOIN attempt t USING(run_id)
LEFT JOIN code k ON k.code_id = t.code_id
LEFT JOIN host h USING(host_id)
GROUP BY c.sweep_id, k.code_id, h.host_id
ORDER BY c.study;
