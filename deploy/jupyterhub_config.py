"""JupyterHub for a class: every learner works on copies of their own.

It is a snippet for The Littlest JupyterHub, and a whole configuration where
that is not installed. docs/server.md tells how to use it.
"""

import os
import sys
from pathlib import Path

COURSE = os.environ.get("COURSE", "/srv/course")  # read only for learners
DATA = os.environ.get("COURSE_DATA_DIR", "/srv/course-data")  # this as well
PROFILE = "quick"  # how much training cells do: "laptop" needs more processors
MEMORY = "2G"  # at most, for a learner; docs/results.md says what is needed
IDLE = 3600  # seconds until a server that nobody uses is ended

c = get_config()  # noqa: F821
c.Spawner.cmd = [f"{COURSE}/.venv/bin/python", f"{COURSE}/deploy/singleuser.py"]
c.Spawner.notebook_dir = "~/course"
c.Spawner.default_url = "/lab/tree/00_start_here.ipynb"
c.Spawner.start_timeout = 120  # a whole class logs in at the same moment
c.Spawner.http_timeout = 120
c.Spawner.environment = {
    "COURSE_DATA_DIR": DATA,
    "COURSE_OFFLINE": "1",
    "COURSE_PROFILE": PROFILE,
    # Administrators of the hub get the notes for the teacher.
    "COURSE_TEACHER": lambda spawner: "1" if spawner.user.admin else "",
}
# Only a spawner with cgroups enforces it, such as SystemdSpawner.
c.Spawner.mem_limit = c.SystemdSpawner.mem_limit = MEMORY

if not Path("/opt/tljh").is_dir():  # which has a service for this
    c.JupyterHub.services = [
        {
            "name": "idle-culler",
            "command": [
                *(sys.executable, "-m", "jupyterhub_idle_culler"),
                f"--timeout={IDLE}",
            ],
        }
    ]
    scopes = ["list:users", "read:users:activity"]
    scopes += ["read:servers", "delete:servers"]
    c.JupyterHub.load_roles = [
        {"name": "idle-culler", "services": ["idle-culler"], "scopes": scopes}
    ]
