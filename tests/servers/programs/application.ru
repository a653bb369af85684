# What Puma runs: 200 and three bytes, and a line of requests.log for each request executed.
LOG = File.open('requests.log', 'a')
LOG.sync = true

run(lambda do |env|
  env['rack.input'].read
  LOG.write("#{env['HTTP_X_REQUEST_ID'] || '-'}\n")
  [200, { 'content-type' => 'text/plain', 'content-length' => '3' }, ["ok\n"]]
end)
