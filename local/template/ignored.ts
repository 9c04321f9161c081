/**
 * Resource types that change nothing on one machine, each with the reason. A type that is neither here nor read by this
 * folder stops the runner.
 */
export const NO_LOCAL_MEANING: Readonly<Record<string, string>> = {
  'AWS::CDK::Metadata': 'tells AWS which constructs were used',
  'AWS::ApiGatewayV2::ApiMapping': 'a domain of one’s own needs DNS',
  'AWS::ApiGatewayV2::DomainName': 'a domain of one’s own needs DNS',
  'AWS::CloudWatch::Alarm': 'there is nobody to wake',
  'AWS::CloudWatch::CompositeAlarm': 'there is nobody to wake',
  'AWS::CloudWatch::Dashboard': 'there is no CloudWatch',
  'AWS::IAM::Policy': 'no function takes on the role that it is of',
  'AWS::IAM::Role': 'no function takes it on',
  'AWS::IoT::TopicRule': 'there is no MQTT broker; what the rule would send can be put on the stream',
  'AWS::Logs::LogGroup': 'functions log to the runner’s own log',
  'AWS::Logs::MetricFilter': 'there is no CloudWatch',
  'AWS::Logs::ResourcePolicy': 'there is no CloudWatch',
  'AWS::Route53::RecordSet': 'a domain of one’s own needs DNS',
  'AWS::SNS::Subscription': 'there is nobody to tell',
  'AWS::SNS::Topic': 'there is nobody to tell',
  'AWS::SNS::TopicPolicy': 'there is nobody to tell',
  'AWS::SQS::QueuePolicy': 'only the runner writes to a queue',
}
