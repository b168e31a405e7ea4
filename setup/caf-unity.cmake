# Read by CAF's own CMake run (setup/caf): its core compiles five times faster in batches of sources. The batch size keeps
# apart the two files whose private names clash; libcaf_io has such a pair too and is small, so it compiles as it is.
cmake_language(DEFER CALL set_target_properties libcaf_core PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
