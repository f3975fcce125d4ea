/* sql.h - the statements of this folder's .sql files, embedded by tools/embed.
 *
 * Statement NAME of a .sql file is the string sql_NAME.  The comments there give its parameters; %s
 * stands for an expression that is filled in by printf.
 */
#ifndef ANALYSIS_DATA_SQL_H
#define ANALYSIS_DATA_SQL_H

extern const char sql_curve_evaluations[], sql_curve_longest[], sql_curve_training[];
extern const char sql_import_runs_arm[], sql_import_runs_cell[], sql_import_runs_config[],
    sql_import_runs_eval[], sql_import_runs_import[], sql_import_runs_known[],
    sql_import_runs_run[], sql_import_runs_step[], sql_import_runs_sweep[],
    sql_import_runs_version[];
extern const char sql_scores_evals[], sql_scores_items[], sql_scores_known[], sql_scores_suite[],
    sql_scores_suites[], sql_scores_tasks[];
extern const char sql_study_arms[], sql_study_cells[], sql_study_code[], sql_study_contexts[],
    sql_study_head[], sql_study_metrics[], sql_study_seeds[], sql_study_value[];

#endif
