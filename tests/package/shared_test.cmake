# BUILD_SHARED_LIBS=ON: built without the command line, installed, used.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK_DIR})
configure(${SOURCE_DIR} ${WORK_DIR}/library -D BUILD_SHARED_LIBS=ON
          -D PELLUCID_BUILD_PROGRAM=OFF -D PELLUCID_BUILD_TESTS=OFF)
build(${WORK_DIR}/library --parallel 2)
set(prefix ${WORK_DIR}/prefix)
install_to(${prefix} ${WORK_DIR}/library)
configure(${SOURCE_DIR}/tests/package/consumer ${WORK_DIR}/build
          -D pellucid_ROOT=${prefix})
build(${WORK_DIR}/build)
check_consumer(${WORK_DIR}/build)

# What public headers don't declare stays inside.
file(GLOB_RECURSE library ${prefix}/libpellucid.so)
run("listing symbols" nm -DC --defined-only ${library})
if(output MATCHES "[^\n]*pellucid::(kernels|MappedFile|GgufFile)[^\n]*")
  message(FATAL_ERROR "${library} shows ${CMAKE_MATCH_0}")
endif()
file(REMOVE_RECURSE ${WORK_DIR})
