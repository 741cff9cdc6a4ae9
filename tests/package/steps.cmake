# Steps that the tests of this folder are made of. Each ends the test where
# something fails, and shows what was said.

# run(WHAT COMMAND...): what it printed is left in `output`.
function(run what)
  execute_process(
    COMMAND ${ARGN}
    RESULT_VARIABLE status
    OUTPUT_VARIABLE printed
    ERROR_VARIABLE printed_errors)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}):\n${printed}"
                        "${printed_errors}")
  endif()
  set(output "${printed}" PARENT_SCOPE)
endfunction()

# configure(SOURCE BUILD ARGUMENTS...): as the project under test was.
function(configure source build)
  run("configuring ${source}" ${CMAKE_COMMAND} -S ${source} -B ${build} -G
      ${GENERATOR} -C ${SETTINGS} ${ARGN})
endfunction()

function(build folder)
  run("building ${folder}" ${CMAKE_COMMAND} --build ${folder} ${ARGN})
endfunction()

function(install_to prefix build)
  run("installing" ${CMAKE_COMMAND} --install ${build} --prefix ${prefix})
endfunction()

# What the consumer in `folder` prints is what Hugging Face computed for the
# same model: a line a row, with the likeliest token at the last position.
function(check_consumer folder)
  set(golden ${SOURCE_DIR}/tests/golden/tiny_llama/mha_tied_f32)
  file(READ ${golden}.lens.json json)
  string(JSON prompt GET ${json} prompts 0)
  string(JSON ids GET ${prompt} ids)
  string(REGEX MATCHALL "[0-9]+" ids "${ids}")
  list(LENGTH ids last)
  math(EXPR last "${last} - 1")
  string(JSON rows LENGTH ${prompt} rows)
  math(EXPR last_row "${rows} - 1")

  run("running the consumer" ${folder}/consumer ${golden}.gguf ${ids})
  foreach(row RANGE ${last_row})
    string(JSON site GET ${prompt} rows ${row} site)
    string(JSON id GET ${prompt} rows ${row} cells ${last} top_ids 0)
    if(NOT output MATCHES "\n${site} +${id} ")
      message(FATAL_ERROR "the consumer did not say ${id} for ${site}:\n"
                          "${output}")
    endif()
  endforeach()
endfunction()
