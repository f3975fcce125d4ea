/* sql.h - the statements of this folder's .sql files, built in by tools/embed. */
#ifndef TRAINER_INTERCHANGE_SQL_H
#define TRAINER_INTERCHANGE_SQL_H

extern const char sql_run_bundle_facts[], sql_run_bundle_results[];

#endif
