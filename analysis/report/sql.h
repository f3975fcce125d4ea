/* sql.h - the statements of report.sql, embedded by tools/embed: statement NAME is sql_NAME.
 *
 * All take the study's sweep_id as their first parameter.
 */
#ifndef ANALYSIS_REPORT_SQL_H
#define ANALYSIS_REPORT_SQL_H

extern const char sql_report_axes[], sql_report_baseline[], sql_report_code[],
    sql_report_common_keys[], sql_report_corpus[], sql_report_different_keys[],
    sql_report_environment[], sql_report_file[], sql_report_key[], sql_report_looks[],
    sql_report_match[], sql_report_runs[], sql_report_settings[], sql_report_text[],
    sql_report_versions[];

#endif
