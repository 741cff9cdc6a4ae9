# Installs the library, builds a program with find_package(pellucid), moves the
# installed files and builds it again.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK_DIR})
set(prefix ${WORK_DIR}/first)
install_to(${prefix} ${BINARY_DIR})

# The public headers, all of them, and nothing else.
set(source ${SOURCE_DIR}/include)
file(GLOB_RECURSE public RELATIVE ${source} ${source}/*.h)
file(GLOB_RECURSE found RELATIVE ${prefix}/include ${prefix}/include/*)
if(NOT "${found}" STREQUAL "${public}")
  message(FATAL_ERROR "installed headers: ${found}, not ${public}")
endif()

# No path of this machine in the package.
file(GLOB_RECURSE package ${prefix}/*.cmake)
foreach(file ${package})
  file(READ ${file} text)
  foreach(path ${SOURCE_DIR} ${BINARY_DIR} ${WORK_DIR})
    string(FIND "${text}" "${path}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} holds ${path}")
    endif()
  endforeach()
endforeach()

function(use_from prefix)
  file(REMOVE_RECURSE ${WORK_DIR}/build)
  configure(${SOURCE_DIR}/tests/package/consumer ${WORK_DIR}/build
            -D pellucid_ROOT=${prefix})
  build(${WORK_DIR}/build)
  check_consumer(${WORK_DIR}/build)
  if(EXISTS ${prefix}/bin/pellucid)
    run("the installed program" ${prefix}/bin/pellucid --version)
  endif()
endfunction()

use_from(${prefix})
file(RENAME ${prefix} ${WORK_DIR}/second)
use_from(${WORK_DIR}/second)
file(REMOVE_RECURSE ${WORK_DIR})
