/* eta.h - how long the rest of a study takes: pieces of work dealt in order to workers, each piece
 * to the one who is free first. */
#ifndef EXPERIMENTS_ETA_H
#define EXPERIMENTS_ETA_H

/* When the last of n pieces is done, each of so many seconds (NaN where no memory is left). */
double eta_deal(const double *seconds, int n, int workers);

#endif
