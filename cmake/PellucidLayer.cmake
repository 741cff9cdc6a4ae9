# One static library a layer. The libraries that a layer links are the only
# ones whose headers it may include (tools/check_layers proves it).
#
#   pellucid_layer(formats LAYERS kernels base LIBRARIES simdjson::simdjson)
#
# Sources are src/<layer>/*.cc and the folders below, less *_test.cc, which make
# the program <layer>_test.

set(PELLUCID_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
if(PELLUCID_WERROR)
  list(APPEND PELLUCID_WARNINGS -Werror)
endif()

# Flags that the numbers depend on: a multiplication and an addition are fused
# where the source says so and nowhere else (docs/numerics.md).
set(PELLUCID_NUMERIC_FLAGS -ffp-contract=off)

function(pellucid_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE ${PELLUCID_WARNINGS}
                                           ${PELLUCID_NUMERIC_FLAGS})
  target_include_directories(
    ${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                     $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
endfunction()

function(pellucid_layer layer)
  cmake_parse_arguments(ARG "" "" "LAYERS;LIBRARIES" ${ARGN})
  set(dir ${PROJECT_SOURCE_DIR}/src/${layer})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/*.cc ${dir}/*.h)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")

  set(target pellucid_${layer})
  add_library(${target} STATIC ${sources})
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX
                                             POSITION_INDEPENDENT_CODE ON)
  pellucid_options(${target})
  list(TRANSFORM ARG_LAYERS PREPEND pellucid_)
  target_link_libraries(${target} PUBLIC ${ARG_LAYERS}
                                  PRIVATE ${ARG_LIBRARIES})

  if(PELLUCID_BUILD_TESTS AND tests)
    pellucid_test(${layer}_test SOURCES ${tests} LIBRARIES ${target}
                                                           ${ARG_LIBRARIES})
  endif()
endfunction()

# A GoogleTest program whose cases ctest lists one by one.
function(pellucid_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  pellucid_options(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(
    ${name} PRIVATE PELLUCID_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                    PELLUCID_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} pellucid_testutil
                                        GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 600)
endfunction()
