/* sql.h - the statements of this folder's .sql files, embedded by tools/embed.
 *
 * Statement NAME of a .sql file is the string sql_NAME.  The comments there give its parameters.
 */
#ifndef ANALYSIS_ANSWERS_SQL_H
#define ANALYSIS_ANSWERS_SQL_H

extern const char sql_anatomy_configuration[], sql_anatomy_runs[];
extern const char sql_changes_versions[];
extern const char sql_comparison_look[], sql_comparison_row[], sql_comparison_store[];
extern const char sql_confound_corpus[], sql_confound_keys[];
extern const char sql_leave_losses[];
extern const char sql_ledger_counts[], sql_ledger_discoveries[], sql_ledger_entry[],
    sql_ledger_insert[], sql_ledger_results[];
extern const char sql_pilots_arm[];
extern const char sql_sample_sequences[];
extern const char sql_scored_store[];
extern const char sql_sequence_outside[];
extern const char sql_series_epoch[], sql_series_peak[], sql_series_schedule[];
extern const char sql_speed_rows[];
extern const char sql_spikes_losses[], sql_spikes_steps[];
extern const char sql_tuned_values[];

#endif
