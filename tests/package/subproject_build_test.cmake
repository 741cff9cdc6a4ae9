# As a part of another project, built and run.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK_DIR})
configure(${SOURCE_DIR}/tests/package/consumer ${WORK_DIR}/build
          -D PELLUCID_SOURCE=${SOURCE_DIR})
build(${WORK_DIR}/build --parallel 2)
check_consumer(${WORK_DIR}/build)  # finds it where that project puts it
file(REMOVE_RECURSE ${WORK_DIR})
