/* merge_sql.h - the statements of merge.sql, embedded by tools/embed: NAME is sql_NAME. */
#ifndef EXPERIMENTS_MERGE_SQL_H
#define EXPERIMENTS_MERGE_SQL_H

extern const char sql_merge_arm_add[], sql_merge_arm_base[], sql_merge_arm_find[],
    sql_merge_arm_ord[], sql_merge_arm_set[], sql_merge_arms[], sql_merge_arms_away[],
    sql_merge_arms_back[];
extern const char sql_merge_cell[], sql_merge_cells[], sql_merge_cells_drop[];
extern const char sql_merge_checkpoint[], sql_merge_checkpoint_known[], sql_merge_checkpoints[];
extern const char sql_merge_event[], sql_merge_imported[], sql_merge_known_arm[], sql_merge_looks[];
extern const char sql_merge_run[], sql_merge_run_cell[], sql_merge_run_losses[],
    sql_merge_run_words[], sql_merge_runs[];
extern const char sql_merge_studies[], sql_merge_study[], sql_merge_study_set[];
extern const char sql_merge_versions_add[], sql_merge_versions_away[], sql_merge_versions_back[],
    sql_merge_versions_changed[], sql_merge_versions_clear[], sql_merge_versions_drop[],
    sql_merge_versions_looks[], sql_merge_versions_make[], sql_merge_versions_map[],
    sql_merge_versions_newest[], sql_merge_versions_order[], sql_merge_versions_read[];

#endif
