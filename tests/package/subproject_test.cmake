# As a part of another project: what the configuration leaves there. It is not
# built here: that is subproject_build_test.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK_DIR})
configure(${SOURCE_DIR}/tests/package/consumer ${WORK_DIR}
          -D PELLUCID_SOURCE=${SOURCE_DIR}
          -D CMAKE_EXPORT_COMPILE_COMMANDS=ON)

# The library and nothing else.
run("listing tests" ${CMAKE_CTEST_COMMAND} --test-dir ${WORK_DIR} -N)
if(NOT output MATCHES "Total Tests: 0")
  message(FATAL_ERROR "the other project has got tests:\n${output}")
endif()
run("listing targets" ${CMAKE_COMMAND} --build ${WORK_DIR} --target help)
if(output MATCHES "[a-z_]*(_test|_bench|example|pellucid_app|gtest)[a-z_]*:")
  message(FATAL_ERROR "the other project has got ${CMAKE_MATCH_0}")
endif()

# No switch of another name than PELLUCID_...
file(STRINGS ${WORK_DIR}/CMakeCache.txt switches
     REGEX "^[A-Za-z_]+:BOOL=")
list(FILTER switches EXCLUDE REGEX "^(PELLUCID|CMAKE)_")
if(switches)
  message(FATAL_ERROR "the other project has got the options ${switches}")
endif()

# Neither our flags nor our include folders.
file(READ ${WORK_DIR}/compile_commands.json commands)
string(JSON count LENGTH ${commands})
math(EXPR last "${count} - 1")
foreach(index RANGE ${last})
  string(JSON file GET ${commands} ${index} file)
  string(JSON command GET ${commands} ${index} command)
  if(file MATCHES "/consumer/main.cc$")
    set(found ON)
    foreach(flag -Wshadow -Wpedantic -Werror -fvisibility -ffp-contract
                 -fno-fast-math ${SOURCE_DIR}/src)
      string(FIND "${command}" "${flag}" at)
      if(NOT at EQUAL -1)
        message(FATAL_ERROR "${flag} has reached the other project")
      endif()
    endforeach()
  endif()
endforeach()
if(NOT found)
  message(FATAL_ERROR "the consumer is not compiled at all")
endif()
file(REMOVE_RECURSE ${WORK_DIR})
