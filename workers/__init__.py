"""The work that runs outside the web processes: RQ workers, the scheduler, the folder watcher, external programs."""
