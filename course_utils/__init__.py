"""The helpers that the lectures of this deep-learning course share."""

import logging
import os

__version__ = "0.1.0"

# TensorFlow reads these when it is imported, so import course_utils first.
# They silence its start-up messages, and training then depends less on the
# number of processor threads.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# It warns of many graphs, which lectures make on purpose: one for each network.
logging.getLogger("tensorflow").addFilter(
    lambda record: "triggered tf.function retracing" not in record.getMessage()
)
