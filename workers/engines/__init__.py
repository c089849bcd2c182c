"""External programs and PyAV, one file each: argument lists only, never a shell."""
