"""What JupyterHub starts for a learner: make the copies, then serve them."""

import os
import sys
from pathlib import Path

from course_utils.__main__ import fill_work_folder, own_settings

# ~/course is also what jupyterhub_config.py says.
os.environ["COURSE_WORK_DIR"] = str(Path.home() / "course")
fill_work_folder()
own_settings()
command = [sys.executable, "-m", "jupyterhub.singleuser", *sys.argv[1:]]
os.execv(command[0], command)
