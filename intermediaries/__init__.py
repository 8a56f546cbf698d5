"""The intermediaries room 中介服务: services that the law asks of somebody outside the administration.

Glossary
--------
Agency 中介机构      a company that may render such services, with its qualifications and their validity.
Evaluation 评估事项  a service that law asks for, defined by a YAML file: trigger, deliverable, days, qualification.
Engagement 委托      one agency doing one evaluation for one project.
Dispatch 派单        engagements set going at once when their triggers hold (多评合一), each with its clock.
Delivery 交付        the report handed in; accepted, it becomes a Result in the box.
Rating 评价          what the client and the reviewers say about a delivery; feeds the agency's credit 信用.
"""
