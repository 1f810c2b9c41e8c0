import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-acls.sh 3.9.2, with the words of its help text. */
export const kafkaAclsOptions = {
  'bootstrap-server': {
    description:
      'A list of host/port pairs to use for establishing the connection to the Kafka cluster. This list should be in the form host1:port1,host2:port2,... This config is required for acl management using admin client API.',
    argument: 'server to connect to',
  },
  'command-config': {
    description: 'A property file containing configs to be passed to Admin Client.',
    argument: 'command-config',
    optionalValue: true,
  },
  authorizer: {
    description:
      'DEPRECATED: Fully qualified class name of the authorizer, which defaults to kafka.security.authorizer.AclAuthorizer if --bootstrap-server is not provided. Warning: support for ACL configuration directly through the authorizer is deprecated and will be removed in a future release. Please use --bootstrap-server instead to set ACLs through the admin client.',
    argument: 'authorizer',
  },
  'authorizer-properties': {
    description:
      'DEPRECATED: The properties required to configure an instance of the Authorizer specified by --authorizer. These are key=val pairs. For the default authorizer, example values are: zookeeper.connect=localhost:2181. Warning: support for ACL configuration directly through the authorizer is deprecated and will be removed in a future release. Please use --bootstrap-server instead to set ACLs through the admin client.',
    argument: 'authorizer-properties',
  },
  topic: {
    description:
      "topic to which ACLs should be added or removed. A value of '*' indicates ACL should apply to all topics.",
    argument: 'topic',
  },
  cluster: { description: 'Add/Remove cluster ACLs.' },
  group: {
    description:
      "Consumer Group to which the ACLs should be added or removed. A value of '*' indicates the ACLs should apply to all groups.",
    argument: 'group',
  },
  'transactional-id': {
    description:
      "The transactionalId to which ACLs should be added or removed. A value of '*' indicates the ACLs should apply to all transactionalIds.",
    argument: 'transactional-id',
  },
  idempotent: {
    description:
      'Enable idempotence for the producer. This should be used in combination with the --producer option. Note that idempotence is enabled automatically if the producer is authorized to a particular transactional-id.',
  },
  'delegation-token': {
    description:
      "Delegation token to which ACLs should be added or removed. A value of '*' indicates ACL should apply to all tokens.",
    argument: 'delegation-token',
  },
  'resource-pattern-type': {
    description:
      "The type of the resource pattern or pattern filter. When adding acls, this should be a specific pattern type, e.g. 'literal' or 'prefixed'. When listing or removing acls, a specific pattern type can be used to list or remove acls from specific resource patterns, or use the filter values of 'any' or 'match', where 'any' will match any pattern type, but will match the resource name exactly, where as 'match' will perform pattern matching to list or remove all acls that affect the supplied resource(s). WARNING: 'match', when used in combination with the '--remove' switch, should be used with care.",
    type: 'ANY|MATCH|LITERAL|PREFIXED',
    defaults: ['LITERAL'],
  },
  add: { description: 'Indicates you are trying to add ACLs.' },
  remove: { description: 'Indicates you are trying to remove ACLs.' },
  list: {
    description:
      'List ACLs for the specified resource, use --topic <topic> or --group <group> or --cluster to specify a resource.',
  },
  operation: {
    description:
      'Operation that is being allowed or denied. Valid operation names are: \n\tCreateTokens\n\tCreate\n\tDescribe\n\tDescribeTokens\n\tAlterConfigs\n\tWrite\n\tAlter\n\tIdempotentWrite\n\tDelete\n\tClusterAction\n\tRead\n\tAll\n\tDescribeConfigs\n',
    argument: '',
    defaults: ['All'],
  },
  'allow-principal': {
    description:
      "principal is in principalType:name format. Note that principalType must be supported by the Authorizer being used. For example, User:'*' is the wild card indicating all users.",
    argument: 'allow-principal',
  },
  'deny-principal': {
    description:
      "principal is in principalType:name format. By default anyone not added through --allow-principal is denied access. You only need to use this option as negation to already allowed set. Note that principalType must be supported by the Authorizer being used. For example if you wanted to allow access to all users in the system but not test-user you can define an ACL that allows access to User:'*' and specify --deny-principal=User:test@EXAMPLE.COM. AND PLEASE REMEMBER DENY RULES TAKES PRECEDENCE OVER ALLOW RULES.",
    argument: 'deny-principal',
  },
  principal: {
    description:
      'List ACLs for the specified principal. principal is in principalType:name format. Note that principalType must be supported by the Authorizer being used. Multiple --principal option can be passed.',
    argument: 'principal',
    optionalValue: true,
  },
  'allow-host': {
    description:
      "Host from which principals listed in --allow-principal will have access. If you have specified --allow-principal then the default for this option will be set to '*' which allows access from all hosts.",
    argument: 'allow-host',
  },
  'deny-host': {
    description:
      "Host from which principals listed in --deny-principal will be denied access. If you have specified --deny-principal then the default for this option will be set to '*' which denies access from all hosts.",
    argument: 'deny-host',
  },
  producer: {
    description:
      'Convenience option to add/remove ACLs for producer role. This will generate ACLs that allows WRITE,DESCRIBE and CREATE on topic.',
  },
  consumer: {
    description:
      'Convenience option to add/remove ACLs for consumer role. This will generate ACLs that allows READ,DESCRIBE on topic and READ on group.',
  },
  force: { description: 'Assume Yes to all queries and do not prompt.' },
  'zk-tls-config-file': {
    description:
      'DEPRECATED: Identifies the file where ZooKeeper client TLS connectivity properties are defined for the default authorizer kafka.security.authorizer.AclAuthorizer. Any properties other than the following (with or without an "authorizer." prefix) are ignored: zookeeper.clientCnxnSocket, zookeeper.ssl.cipher.suites, zookeeper.ssl.client.enable, zookeeper.ssl.crl.enable, zookeeper.ssl.enabled.protocols, zookeeper.ssl.endpoint.identification.algorithm, zookeeper.ssl.keystore.location, zookeeper.ssl.keystore.password, zookeeper.ssl.keystore.type, zookeeper.ssl.ocsp.enable, zookeeper.ssl.protocol, zookeeper.ssl.truststore.location, zookeeper.ssl.truststore.password, zookeeper.ssl.truststore.type. Note that if SASL is not configured and zookeeper.set.acl is supposed to be true due to mutual certificate authentication being used then it is necessary to explicitly specify --authorizer-properties zookeeper.set.acl=true. Warning: support for ACL configuration directly through the authorizer is deprecated and will be removed in a future release. Please use --bootstrap-server instead to set ACLs through the admin client.',
    argument: 'Authorizer ZooKeeper TLS configuration',
  },
  'user-principal': {
    description:
      'Specifies a user principal as a resource in relation with the operation. For instance one could grant CreateTokens or DescribeTokens permission on a given user principal.',
    argument: 'user-principal',
  },
  ...commonOptions,
} as const satisfies OptionSpecs;
