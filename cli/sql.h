/* sql.h - the statements of this folder's .sql files, embedded by tools/embed: NAME is sql_NAME. */
#ifndef CLI_SQL_H
#define CLI_SQL_H

extern const char sql_diff[], sql_diff_cell[];
extern const char sql_ledger_verdicts[];
extern const char sql_ls_runs[], sql_ls_studies[];
extern const char sql_rename_study[], sql_rename_taken[], sql_rename_version[];
extern const char sql_roofline_check[];
extern const char sql_show_run[], sql_show_run_attempts[], sql_show_run_checkpoints[],
    sql_show_run_code[], sql_show_run_code_files[], sql_show_run_configuration[],
    sql_show_run_dataset[], sql_show_run_evaluations[], sql_show_run_events[],
    sql_show_run_lineage[], sql_show_run_model[], sql_show_run_studies[];
extern const char sql_show_study[], sql_show_study_arms[], sql_show_study_comparisons[],
    sql_show_study_runs[], sql_show_study_versions[];
extern const char sql_status_cells[], sql_status_count[], sql_status_planned[], sql_status_rate[],
    sql_status_rest[], sql_status_studies[];

#endif
